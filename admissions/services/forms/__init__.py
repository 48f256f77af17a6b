"""The aanmeldformulier from the first letter typed to the lock: entry, checks, import, claims, corrections."""
