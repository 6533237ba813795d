"""Results: the tables of a run with what they were made from, stored, read and queried."""
