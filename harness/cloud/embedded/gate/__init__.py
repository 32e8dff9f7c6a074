"""OneGate: what a VM can tell of itself and learn of its service, authenticated by its token."""
