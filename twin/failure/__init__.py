"""What breaks it: exact availability and outage frequency, and every single failure."""
