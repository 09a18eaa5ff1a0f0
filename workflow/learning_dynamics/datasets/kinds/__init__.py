"""The kinds of data set, one module each: what is configured, what is known of it before it is made, and how it is made."""
