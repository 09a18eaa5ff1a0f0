"""Runs beyond the paper's experiments."""
