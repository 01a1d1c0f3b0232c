"""The lab's package mirrors: one signed Debian repository per segment."""
