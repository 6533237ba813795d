"""A new plugin as a complete package: written from templates, to be changed."""
