"""What the network carries: fabrics, their tiers, and the most that flows between two places."""
