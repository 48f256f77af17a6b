"""A round from frozen lists to placements, and the repairs of a draw."""
