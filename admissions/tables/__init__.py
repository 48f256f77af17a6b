"""Tables of the screens, per kind of user."""
