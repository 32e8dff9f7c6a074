"""What a run tells people: the matrix of claims, pages, what is going on while it lasts."""
