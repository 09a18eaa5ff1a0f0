"""How the discovery of modes scales: with the image side n, the initial standard deviation σ and the learning rate λ.

Every run is stochastic gradient descent, its times are the half-rise times of the effective singular values, and every
measured number stands beside the theory's own. Slopes are fitted per seed, so that they have an interval.
"""
