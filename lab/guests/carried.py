"""Everything that the lab runs for a machine, as one: mirrors and name servers, and the tape software's agent."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from lab.guests.guest import Services


@dataclass(frozen=True)
class Carried:
    """What follows a guest: each of `parts` in their order."""

    parts: Sequence[Services]

    def follow(self, machine: str, pid: int) -> list[str]:
        """The guest of a machine (its instance UUID) has started; give a line per service that was started."""
        return [line for each in self.parts for line in each.follow(machine, pid)]

    def leave(self, machine: str) -> None:
        """It has ended."""
        for each in self.parts:
            each.leave(machine)
