"""Price books for people: listings, differences, coverage, and books of one's own."""
