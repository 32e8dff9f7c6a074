"""The commands of `harness`."""
