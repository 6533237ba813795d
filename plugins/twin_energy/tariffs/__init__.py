"""The tariff engine: what a load costs under any rate schedule, line by line, and what dispatch should see of it."""
