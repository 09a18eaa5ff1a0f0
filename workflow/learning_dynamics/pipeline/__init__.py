"""What the rules ask of the library in plain Python: names of result files, sizes of jobs, the state of the code.

``common.smk`` makes one object of each class here, and rules and targets take their lists from these.
"""
