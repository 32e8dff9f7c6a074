"""What was done and what was seen in a scenario, in the order of time."""
