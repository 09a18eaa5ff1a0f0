"""What the rules ask of the library in plain Python: names of result files, sizes of jobs, the state of the code."""
