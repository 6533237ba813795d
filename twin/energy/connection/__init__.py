"""What the connection of each site and the plants behind its meter let it draw, by month."""
