"""The figures that every experiment has."""
