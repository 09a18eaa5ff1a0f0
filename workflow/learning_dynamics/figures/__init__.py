"""The figures, one module each with a function ``draw``; ``catalogue`` lists them and what each needs."""
