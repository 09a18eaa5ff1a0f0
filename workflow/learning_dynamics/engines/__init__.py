"""Exact stochastic gradient descent, one module per network: weights and their updates, no files and no settings."""
