"""Decommissioning: the steps a machine goes through on its way out, what forbids each, and what is proven of it."""
