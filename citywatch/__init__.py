"""The kernel: what every citywatch process must agree on."""
