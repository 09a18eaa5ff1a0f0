"""What is passed on: archives of results, provenance, the pages of the published run."""
