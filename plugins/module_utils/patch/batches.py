"""In which order the machines of one run are patched, several at once. Pure.

The first batch is the canary: few machines, which the others wait for. A wave follows the one before, what others stand
on goes first, of a pair one waits for the other, and a cluster takes so many machines at once and no more.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from graphlib import CycleError, TopologicalSorter


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """A machine that may be patched now. `tier`: its place in its system, lower first; `pair` None: it has no mate."""

    key: str
    name: str
    system: str
    cluster: str
    tier: int
    wave: int  # order of its wave
    pair: str | None = None


def batches(
    candidates: Sequence[Candidate],
    *,
    at_once: int,
    canary: int = 1,
    needs: Mapping[str, Collection[str]] | None = None,
) -> tuple[tuple[Candidate, ...], ...]:
    """The batches, each in the order of names. `at_once` machines per cluster; `needs`: system -> systems below it.

    Each machine takes the first batch that breaks nothing, in the order of waves, systems, roles and names.
    """
    below = needs or {}
    ranks = _ranks({each.system for each in candidates}, below)
    ordered = sorted(candidates, key=lambda each: (each.wave, ranks[each.system], each.tier, each.name))
    taken = _Taken()
    found: dict[int, list[Candidate]] = {}
    for each in ordered:
        number = taken.earliest(each, below.get(each.system, ()))
        while (
            (number == 0 and len(found.get(0, ())) >= canary)
            or taken.by_cluster[each.cluster, number] >= at_once
            or (each.pair is not None and (each.system, each.pair, number) in taken.pairs)
        ):
            number += 1
        taken.take(each, number)
        found.setdefault(number, []).append(each)
    return tuple(tuple(sorted(found[number], key=lambda each: each.name)) for number in sorted(found))


@dataclass(slots=True)
class _Taken:
    """What has been given away, so that a machine is placed without a look at all others. Numbers of batches."""

    by_cluster: Counter[tuple[str, int]] = field(default_factory=Counter)
    pairs: set[tuple[str, str, int]] = field(default_factory=set)
    tiers: dict[str, dict[int, int]] = field(default_factory=dict)  # system -> tier -> its last batch
    waves: dict[int, int] = field(default_factory=dict)  # wave -> its last batch

    def earliest(self, candidate: Candidate, below: Collection[str]) -> int:
        """The first batch behind everything that the machine waits for."""
        before = [
            *(number for wave, number in self.waves.items() if wave < candidate.wave),
            *(number for tier, number in self.tiers.get(candidate.system, {}).items() if tier < candidate.tier),
            *(number for system in below for number in self.tiers.get(system, {}).values()),
        ]
        return max(before, default=-1) + 1

    def take(self, candidate: Candidate, number: int) -> None:
        """Give the machine its place."""
        self.by_cluster[candidate.cluster, number] += 1
        if candidate.pair is not None:
            self.pairs.add((candidate.system, candidate.pair, number))
        tiers = self.tiers.setdefault(candidate.system, {})
        tiers[candidate.tier] = max(tiers.get(candidate.tier, 0), number)
        self.waves[candidate.wave] = max(self.waves.get(candidate.wave, 0), number)


def _ranks(systems: Collection[str], needs: Mapping[str, Collection[str]]) -> dict[str, int]:
    graph = {system: sorted(set(needs.get(system, ())) & set(systems)) for system in sorted(systems)}
    try:
        order = list(TopologicalSorter(graph).static_order())
    except CycleError:  # validate refuses it (rule D-01); the order does not depend on that
        order = sorted(graph)
    return {system: rank for rank, system in enumerate(order)}
