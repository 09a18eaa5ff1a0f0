"""Data sets: labelled images with a train and a test split; ``kinds`` has a module for each kind."""
