"""What a plugin is held against by `twin plugin check`: more than a run checks, on calls that its own example makes."""
