"""What the workloads draw and get: the schedule of delivered accelerator-hours, and goodput."""
