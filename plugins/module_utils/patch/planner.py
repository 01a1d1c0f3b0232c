"""Who is patched when: a fair, explained and repeatable schedule for one round of updates. Pure and offline.

Waves go in their order, each in its week and only after the one before has run for some days. In a wave, what others
stand on goes first: systems by their dependencies, then by id; in a system the roles in their order (db before ap
before web, or what the system states). Each machine takes the first turn in its window that breaks none of these:
freezes, its own backup (rule A-01), the other of its pair (A-02), what it stands on, the number of machines that a
cluster takes at once, the snapshot reserve of its datastores (K-02), and a cluster that carries the loss of a host
(K-01). Turns outside of the system's busy seasons come first. A turn is never moved for a later machine, so a change
of one system moves only machines that come after it in the same places.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from graphlib import CycleError, TopologicalSorter
from zoneinfo import ZoneInfo

from ansible_collections.kyotsu.platform.plugins.module_utils.capacity import cluster_headroom
from ansible_collections.kyotsu.platform.plugins.module_utils.desired import machine_order
from ansible_collections.kyotsu.platform.plugins.module_utils.model.estate import (
    Estate,
    backup_of,
    patching_of,
    status_of,
)
from ansible_collections.kyotsu.platform.plugins.module_utils.model.platform import Wave, Window
from ansible_collections.kyotsu.platform.plugins.module_utils.model.system import Machine, Patching, System, Text
from ansible_collections.kyotsu.platform.plugins.module_utils.patch import reasons
from ansible_collections.kyotsu.platform.plugins.module_utils.patch.calendar import Turn, round_of
from ansible_collections.kyotsu.platform.plugins.module_utils.patch.offers import Offers, month_of
from ansible_collections.kyotsu.platform.plugins.module_utils.patch.schedule import (
    Answer,
    Placed,
    Reason,
    Schedule,
    Unplaced,
)
from ansible_collections.kyotsu.platform.plugins.module_utils.patch.snapshot_space import SnapshotSpace
from ansible_collections.kyotsu.platform.plugins.module_utils.windows import next_window


def plan_round(
    estate: Estate,
    *,
    as_of: date,
    answers: Mapping[str, Answer] | None = None,
    after: datetime | None = None,
    done: frozenset[str] = frozenset(),
) -> Schedule:
    """The schedule of the round that is running on `as_of`.

    `answers` are the owners' 適用可否 by system; None makes a draft in which everybody is asked still. `after` (aware)
    drops the times before it and `done` (keys) the machines that are patched already, to plan the rest of a round.
    Retired machines and desktops are not in it: they have no machine to patch, or their image is.
    """
    start, end = round_of(estate.platform.patch_cycle, as_of, estate.platform.estate.timezone)
    return _Planner(estate, _Round(start, end, answers, after or start, done)).plan()


@dataclass(frozen=True, slots=True)
class _Round:
    """What one round is planned from beside the estate; as plan_round's arguments."""

    start: datetime
    end: datetime
    answers: Mapping[str, Answer] | None
    after: datetime
    done: frozenset[str]


@dataclass(slots=True)
class _Taken:
    """What has been given away so far."""

    # cluster -> start of a turn -> machines; all turns are equally long
    starts: dict[str, Counter[datetime]] = field(default_factory=lambda: defaultdict(Counter))
    full: set[tuple[str, datetime]] = field(default_factory=set)
    pairs: dict[tuple[str, str], list[Placed]] = field(default_factory=lambda: defaultdict(list))
    systems: dict[str, list[tuple[Placed, int]]] = field(default_factory=lambda: defaultdict(list))


class _Planner:
    """One pass over the estate."""

    def __init__(self, estate: Estate, this: _Round) -> None:
        platform = estate.platform
        self._estate, self._start, self._end = estate, this.start, this.end
        self._answers, self._after, self._done = this.answers, this.after, this.done
        self._cycle = platform.patch_cycle
        self._timezone = platform.estate.timezone
        self._windows = {window.id: window for window in platform.windows}
        self._freezes = {freeze.id: freeze for freeze in platform.freezes}
        self._everybody = tuple(freeze.id for freeze in platform.freezes if freeze.everybody)
        self._backup_windows = {each.id: each.window for each in platform.backup_classes}
        self._without_failover = {each.cluster for each in cluster_headroom(estate) if not each.fits}
        self._space = SnapshotSpace(estate)
        self._offers = Offers(estate.platform, this.start, this.end)
        self._next: dict[tuple[str, tuple[str, ...]], datetime | None] = {}
        self._taken = _Taken()
        # Providers that share an opening of a window with a system go before it.
        self._providers = {
            system.id: frozenset(each.system for each in system.depends_on if each.system) for system in estate.systems
        }

    def plan(self) -> Schedule:
        placed: list[Placed] = []
        unplaced: dict[str, Unplaced] = {}
        waves = sorted(self._estate.platform.waves, key=lambda wave: (wave.order, wave.id))
        members = self._members()
        proven = self._start  # when the waves before have run for long enough
        for position, wave in enumerate(waves):
            earliest = max(self._start + timedelta(days=position * self._cycle.wave_interval_days), proven)
            first: datetime | None = None
            for system, machine in members.get(wave.id, []):
                found = self._place(system, machine, wave, earliest)
                if isinstance(found, Placed):
                    placed.append(found)
                    first = min(first or found.start, found.start)
                else:
                    unplaced[machine.key] = found
            if first is not None:
                proven = max(proven, first + timedelta(days=self._cycle.soak_days))
        return Schedule(
            start=self._start,
            end=self._end,
            placed=tuple(sorted(placed, key=lambda each: (each.start, each.name))),
            unplaced=tuple(unplaced[machine.key] for _, machine in self._estate.machines() if machine.key in unplaced),
        )

    def _members(self) -> dict[str, list[tuple[System, Machine]]]:
        """Machines of each wave in the order in which they choose."""
        members: dict[str, list[tuple[System, Machine]]] = defaultdict(list)
        for system in self._systems_in_order():
            for machine in sorted(system.machines, key=lambda each: (machine_order(system, each), each.name)):
                if machine.key not in self._done and status_of(system, machine) != "retired":
                    members[patching_of(system, machine).wave].append((system, machine))
        return members

    def _systems_in_order(self) -> Iterator[System]:
        by_id = self._estate.system_by_id
        needs = {system.id: sorted(set(self._providers[system.id]) & set(by_id)) for system in self._estate.systems}
        try:
            order = list(TopologicalSorter(needs).static_order())
        except CycleError:  # validate refuses it (rule D-01); the schedule does not depend on that
            order = sorted(by_id)
        return (by_id[each] for each in order)

    def _place(self, system: System, machine: Machine, wave: Wave, earliest: datetime) -> Placed | Unplaced:
        patching = patching_of(system, machine)
        freezes = tuple(dict.fromkeys((*patching.freezes, *self._everybody)))
        window = self._windows[patching.window]
        refused = self._refusal(system, machine)
        if refused is not None:
            return self._unplaced(system, machine, patching, freezes, [refused])
        backup = self._backup_windows.get(backup_of(system, machine).backup_class)
        busy = frozenset(month for peak in system.service.peaks for month in peak.months)
        offer = self._offers.of(window, max(earliest, self._after), freezes, backup, busy)
        found: dict[str, Reason] = {reason.code: reason for reason in offer.reasons}
        for turn in offer.turns:
            if (system.cluster, turn.start) in self._taken.full:
                found.setdefault(
                    "window-full", reasons.window_full(window, system.cluster, self._cycle.machines_at_once)
                )
                continue
            reason = self._conflict(system, machine, wave, window, turn)
            if reason is None:
                return self._take(system, machine, wave, turn)
            found.setdefault(reason.code, reason)
        return self._unplaced(system, machine, patching, freezes, found.values())

    def _refusal(self, system: System, machine: Machine) -> Reason | None:
        """Why the machine is not patched in this round at all, whatever the time."""
        status = status_of(system, machine)
        if status != "in-service":
            return reasons.not_in_service(status)
        if machine.power != "on":
            return reasons.switched_off()
        if system.cluster in self._without_failover:
            return reasons.no_failover(self._estate.cluster_by_name[system.cluster])
        return self._refusal_of_owner(system, machine) if self._answers is not None else None

    def _refusal_of_owner(self, system: System, machine: Machine) -> Reason | None:
        answer = (self._answers or {}).get(system.id)
        if answer is None:
            return reasons.not_answered()
        if not answer.applies:
            return reasons.declined(answer)
        return reasons.left_out(answer) if machine.key in answer.exclude else None

    def _conflict(self, system: System, machine: Machine, wave: Wave, window: Window, turn: Turn) -> Reason | None:
        """Why this turn does not serve this machine beside those that have one, or None."""
        if machine.pair is not None:
            for mate in self._taken.pairs[system.id, machine.pair]:
                together = mate.start < turn.end and turn.start < mate.end
                if together or (not wave.pairs_in_turn and mate.opens == turn.opens):
                    return reasons.pair_busy(mate.name)
        order = machine_order(system, machine)
        for other, other_order in self._taken.systems[system.id]:
            if other_order < order and other.wave == wave.id and turn.start < other.end:
                return reasons.comes_after(other.name)
        for provider in sorted(self._providers[system.id]):
            for other, _ in self._taken.systems.get(provider, ()):
                if other.opens < turn.closes and turn.opens < other.closes and turn.start < other.end:
                    return reasons.comes_after(other.name)
        if self._is_full(system.cluster, turn):
            return reasons.window_full(window, system.cluster, self._cycle.machines_at_once)
        return self._space.shortage(system, machine, self._snapshot_days(turn))

    def _is_full(self, cluster: str, turn: Turn) -> bool:
        length = turn.end - turn.start
        starts = self._taken.starts[cluster]
        at_once = starts[turn.start]
        if at_once < self._cycle.machines_at_once:
            # Windows with other grids may overlap by a part of a turn.
            at_once = sum(count for start, count in starts.items() if abs(start - turn.start) < length)
        if at_once < self._cycle.machines_at_once:
            return False
        self._taken.full.add((cluster, turn.start))
        return True

    def _take(self, system: System, machine: Machine, wave: Wave, turn: Turn) -> Placed:
        placed = Placed(
            key=machine.key,
            name=machine.name,
            system=system.id,
            wave=wave.id,
            window=patching_of(system, machine).window,
            cluster=system.cluster,
            start=turn.start,
            end=turn.end,
            opens=turn.opens,
            closes=turn.closes,
            answered=self._answers is not None,
            busy=self._season(system, turn),
        )
        self._taken.starts[system.cluster][turn.start] += 1
        if machine.pair is not None:
            self._taken.pairs[system.id, machine.pair].append(placed)
        self._taken.systems[system.id].append((placed, machine_order(system, machine)))
        self._space.take(system, machine, self._snapshot_days(turn))
        return placed

    def _season(self, system: System, turn: Turn) -> Text | None:
        """The name of the system's busy season in which a turn lies."""
        month = month_of(turn, self._timezone)
        return next((peak.name for peak in system.service.peaks if month in peak.months), None)

    def _snapshot_days(self, turn: Turn) -> range:
        """Ordinals of the local days on which the snapshot of a turn exists."""
        first = turn.start.astimezone(ZoneInfo(self._timezone)).date().toordinal()
        return range(first, first + self._cycle.snapshot_days + 1)

    def _unplaced(
        self,
        system: System,
        machine: Machine,
        patching: Patching,
        freeze_ids: tuple[str, ...],
        found: Iterable[Reason],
    ) -> Unplaced:
        key = (patching.window, freeze_ids)
        if key not in self._next:
            freezes = [self._freezes[each] for each in freeze_ids]
            moment = self._end - timedelta(seconds=1)
            self._next[key] = next_window(self._windows[patching.window], moment, self._timezone, freezes)
        return Unplaced(
            key=machine.key,
            name=machine.name,
            system=system.id,
            wave=patching.wave,
            window=patching.window,
            reasons=tuple(found),
            next_slot=self._next[key],
        )
