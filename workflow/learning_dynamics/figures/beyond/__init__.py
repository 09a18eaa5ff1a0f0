"""The figures over several experiments and of the runs beyond the paper's."""
