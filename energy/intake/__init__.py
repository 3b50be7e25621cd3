"""From an answer to a release: gate, derived sums, the quarterly update."""
