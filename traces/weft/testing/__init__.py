"""For tests: assert that a scenario holds in every order, or that a saved schedule still leads where it did."""
