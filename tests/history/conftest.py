"""Makes `builder` importable for the tests of checks."""
