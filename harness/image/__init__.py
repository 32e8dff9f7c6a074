"""Reading an appliance's QCOW2 without root and without a VM, and judging what was read."""
