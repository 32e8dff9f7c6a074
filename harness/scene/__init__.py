"""A scenario while it runs: its place on disk, its history, what it has started, what it has found."""
