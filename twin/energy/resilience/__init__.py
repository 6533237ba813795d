"""How long a site lives without the grid."""
