"""What a verb refuses to do."""

from __future__ import annotations


class VerbRefused(Exception):
    """The verb does not start; the message says why and what to do."""
