"""Chaos and conformance tests for Flower federated learning on OpenNebula."""
