"""Claims of the specification: the catalogue, verdicts, expectations, and the pytest plugin that joins them."""
