"""Trainings: what is trained, the loop of updates and records, checkpoints, trajectory files."""
