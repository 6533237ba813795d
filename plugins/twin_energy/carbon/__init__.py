"""What energy from the grid emits: regions that ship, a constant, a file."""
