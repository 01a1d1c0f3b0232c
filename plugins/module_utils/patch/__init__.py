"""Patching: who is patched when and why not, what content that is, and what has been seen afterwards."""
