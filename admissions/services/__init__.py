"""What the admissions app does: each room is one subject, each function one decision in one transaction."""
