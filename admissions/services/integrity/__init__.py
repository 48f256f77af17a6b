"""Facts that must not contradict each other: reported, never repaired."""
