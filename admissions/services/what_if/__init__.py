"""Simulations: asked, played and printed; never written to real rows."""
