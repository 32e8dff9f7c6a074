"""Flower under test: its versions, its processes, a federation of them, and what can be seen of it from outside."""
