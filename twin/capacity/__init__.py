"""What a topology can carry, and what stops it."""
