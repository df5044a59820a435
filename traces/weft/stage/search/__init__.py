"""Search the orders of a scenario: which one breaks it, or that none does."""
