"""Looks at a federation from outside, by the SuperLink's Control API."""
