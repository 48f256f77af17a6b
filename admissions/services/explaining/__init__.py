"""What people may read of a draw: reasons, parent's sheets, reports, contract files."""
