"""Deep linear and non-linear CNNs (Pinson et al. 2023, Sec. 6 and App. K)."""
