"""Decommission: what retires goes through its steps, each looked at before, recorded once, and resumable."""
