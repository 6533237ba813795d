"""Simulation: what the exact answers are held against, and what they cannot carry."""
