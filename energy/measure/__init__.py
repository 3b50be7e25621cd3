"""Units, periods and observations: what a number is, and when. No file is read here."""
