"""Faults of links (through Toxiproxy) and of nodes (by signals), each shown to bite before it counts."""
