"""The configuration: its models, the paper's settings, how a file of settings becomes them, and their documentation."""
