"""What the theory predicts, one module per result."""
