"""What the energy emits, how much of it is carbon-free, and its water."""
