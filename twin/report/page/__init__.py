"""The report: one page of HTML that works offline, from the tables of a run."""
