"""The networks, one module each: what is configured, how it starts, which engine trains it and what its theory is."""
