"""The statistical structure of a data set: its averages, their decomposition, and their files."""
