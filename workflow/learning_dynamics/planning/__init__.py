"""What a run would do and cost, told before it starts: ``python -m learning_dynamics.planning``."""
