"""The claims ledger: what the paper says, what was measured, what was allowed.

``ledger`` states and judges, ``measures`` holds one function per measurement, ``page`` writes what a person reads.
"""
