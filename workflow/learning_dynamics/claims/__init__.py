"""The claims ledger: what the paper says, what was measured, what was allowed.

``entries`` states the claims, ``ledger`` judges them, ``measures`` holds one function per measurement, ``overview``
arranges what a person reads, and ``page`` writes it.
"""
