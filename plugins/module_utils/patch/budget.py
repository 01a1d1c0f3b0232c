"""How much may go wrong in one run before the next batch is not started. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from ansible_collections.kyotsu.platform.plugins.module_utils.patch.outcome import Result


@dataclass(frozen=True, slots=True, kw_only=True)
class Budget:
    """The most machines of a whole run, over all batches, that may come out so. No answer is no success."""

    failed: int = 0  # also those of which a person has to decide
    unreachable: int = 0
    rolled_back: int = 0

    def exceeded(self, results: Iterable[Result]) -> str:
        """Why the next batch must not start; empty while it may."""
        counts = Counter(results)
        found = (
            ("failed", counts[Result.FAILED] + counts[Result.DECISION_NEEDED], self.failed),
            ("unreachable", counts[Result.UNREACHABLE], self.unreachable),
            ("rolled back", counts[Result.ROLLED_BACK], self.rolled_back),
        )
        return ", ".join(f"{number} {what} (budget {most})" for what, number, most in found if number > most)
