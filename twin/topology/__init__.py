"""The topology language: from the text of a file to a checked `Topology`, its frames and its graph."""
