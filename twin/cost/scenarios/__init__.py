"""One deal under very many scenarios: defaults, prices and delay drawn, every month of every scenario paid."""
