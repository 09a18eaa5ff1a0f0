"""The kinds of data set, one module each: its settings, what is known before it is made, and how it is made."""
