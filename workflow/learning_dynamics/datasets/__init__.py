"""Data sets: labelled images with a train and a test split.

A new kind of data set is a module here with a function that returns ``LabelledImages``, a model in ``config.py`` and
one line in ``make``.
"""
