"""Filters of the lists, per kind of user."""
