"""How results are stored: NetCDF, files that are whole or not there, checksums, provenance, pages."""
