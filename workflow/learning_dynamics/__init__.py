"""Learning dynamics of linear networks, and which structure and frequencies of a data set they discover.

The science of Pinson, Lenaerts & Ginis (ICML 2023) as importable functions; it knows nothing of Snakemake.
"""
