"""Money: statements (`accounts`), border prices (`prices`), revenue, and the `bridge` between."""
