"""The site `docker`: a scenario's programs as containers in a network of their own."""
