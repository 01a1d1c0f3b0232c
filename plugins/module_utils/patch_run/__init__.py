"""The verb patch: one run from the first gate to the last record. See docs/runbooks/patch.md for its steps."""
