"""Building the reference edge appliance: a QCOW2 without loop devices, mounts into the host, or a VM."""
