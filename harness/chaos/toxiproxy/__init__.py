"""The Toxiproxy server: where its executable comes from, its life, and the adapter to its control API."""
