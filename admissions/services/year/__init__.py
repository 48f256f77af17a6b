"""Setting up and moving a year: imports, settings, clock, reset, demo."""
