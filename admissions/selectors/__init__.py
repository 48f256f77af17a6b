"""Which rows somebody may see."""
