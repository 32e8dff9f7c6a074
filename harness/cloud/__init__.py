"""What the harness asks of an OpenNebula, whichever it is: a real front end, or the one that is embedded here."""
