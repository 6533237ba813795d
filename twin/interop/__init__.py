"""Models of other tools, read into plain frames."""
