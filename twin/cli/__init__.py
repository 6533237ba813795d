"""The command line.  One file a command group; nothing heavy is imported to show help."""
