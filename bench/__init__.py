"""Measurements against the budgets of the design. Each module has ``run()``; see ``python -m bench``."""
