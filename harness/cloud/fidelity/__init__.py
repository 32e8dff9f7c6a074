"""How faithful the embedded OpenNebula is: recordings of a real one, replayed and compared step by step."""
