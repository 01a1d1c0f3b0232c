"""Backup runs: machines to tape, proven by reading back."""
