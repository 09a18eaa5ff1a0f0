"""What a run would do and cost, from Snakemake's own graph of jobs and recorded rates."""
