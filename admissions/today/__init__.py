"""What must be done today, per kind of user."""
