"""What people read: results as a screen of text."""
