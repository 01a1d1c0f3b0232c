"""The sample report on paper, in both languages."""

from __future__ import annotations

from tests.support.usage_papers import estate, paper, papers, zone

__all__ = ["estate", "paper", "papers", "zone"]
