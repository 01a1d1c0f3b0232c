"""The lab: a whole platform on one machine."""
