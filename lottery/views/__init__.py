"""Pages of the lottery app, by whom they are for."""
