"""The compiled system under every answer: who feeds whom, how many are needed, how much each carries."""
