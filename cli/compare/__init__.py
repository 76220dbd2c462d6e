"""What differs between two runs of the same data: the regression test of rules."""
