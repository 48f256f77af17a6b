"""The care route of one application and its letter."""
