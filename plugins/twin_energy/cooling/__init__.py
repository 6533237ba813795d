"""Cooling plants by the hour: what takes the heat away, what that draws, the water it uses."""
