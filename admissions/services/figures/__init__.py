"""Published figures of rounds: counting them, earlier years from a file, and handing them out."""
