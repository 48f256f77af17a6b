"""Whether typed input makes sense."""
