"""Mathematics that every stage shares: Fourier transforms, averages, losses, fits, random streams, compilation."""
