"""The rooms with a loop, a clock, a network: they drive runs."""
