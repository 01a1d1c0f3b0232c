"""Bringing a machine back from tape: which copy, from where, how long, and whether it is what it was. Pure."""
