"""The same file under other assumptions: solving for a value, shocks, offers side by side."""
