"""What the sites draw, month by month, and what that costs."""
