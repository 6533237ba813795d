"""Who pays whom, and what a unit costs: the ledger of all deals and the measures taken from it."""
