"""Sentences about events and simulations, kept out of the services."""
