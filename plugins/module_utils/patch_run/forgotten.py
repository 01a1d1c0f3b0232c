"""Silences of patch runs that nobody has ended: their runs died and were never gone on with, so no run does it."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from ansible_collections.kyotsu.platform.plugins.module_utils.network_services import services_from
from ansible_collections.kyotsu.platform.plugins.module_utils.records.errors import InvalidRecordError
from ansible_collections.kyotsu.platform.plugins.module_utils.records.patches import PatchRun
from ansible_collections.kyotsu.platform.plugins.module_utils.records.store import Store
from ansible_collections.kyotsu.platform.plugins.module_utils.silences import Silence, SilenceError, Silences
from ansible_collections.kyotsu.platform.plugins.module_utils.verbs.errors import VerbRefused

_REASON = re.compile(r"patch (?P<change>.+) \(run (?P<run_id>\w+)\)")


def silence_reason(change: str, run_id: str) -> str:
    """By which the silences of a patch run are known again."""
    return f"patch {change} (run {run_id})"


@dataclass(frozen=True, slots=True, kw_only=True)
class Forgotten:
    """One open silence of a patch run. `state`: at work (left alone), waiting (its time is not over), due or ended."""

    id: str
    machine: str
    reason: str
    end: str
    state: str
    why: str = ""

    def as_value(self) -> dict[str, str]:
        """As JSON."""
        return {
            "machine": self.machine,
            "reason": self.reason,
            "end": self.end,
            "state": self.state,
            "why": self.why,
        }


def open_silences(
    services: Mapping[str, Any] | None, limit: Collection[str] | None, described: Collection[str]
) -> tuple[Silence, ...]:
    """Silences of patch runs that nobody has ended, of these machines (None: of all).

    A machine that is not `described` any more is under no limit: nobody would name it again. Raises VerbRefused where
    the silences cannot be read.
    """
    if not services:
        return ()
    try:
        silences = services_from(services).silences.all()
    except SilenceError as error:
        raise VerbRefused(str(error)) from error
    return tuple(
        each
        for each in silences
        if each.ended is None
        and _REASON.fullmatch(each.reason)
        and (limit is None or each.machine in limit or each.machine not in described)
    )


def listed(silences: Iterable[Silence], store: Store, now: datetime) -> tuple[Forgotten, ...]:
    """What is to be done about each open silence, by machine."""
    found = [standing(each, _run_of(each, store), now) for each in silences]
    return tuple(sorted(found, key=lambda each: (each.machine, each.end, each.id)))


def standing(silence: Silence, run: PatchRun | None, now: datetime) -> Forgotten:
    """What is to be done about an open silence of a run; None: a run of which the records know nothing. Pure."""
    if run is not None and run.finished_at is None and not run.is_dead:
        state, why = "at work", f"run {run.run_id} is at work on {run.process.host}"
    elif not silence.is_forgotten_at(now):
        state, why = "waiting", "its time is not over, and the run can still be gone on with"
    elif run is None:
        state, why = "due", "the records do not know its run"
    elif run.finished_at is None:
        state, why = "due", f"run {run.run_id} died and nobody has gone on with it"
    else:
        state, why = "due", f"run {run.run_id} is over"
    return Forgotten(
        id=silence.id, machine=silence.machine, reason=silence.reason, end=silence.end, state=state, why=why
    )


def ended(services: Mapping[str, Any] | None, silences: Sequence[Forgotten], now: datetime) -> tuple[Forgotten, ...]:
    """End those that are due; give all of them as they are now. Raises VerbRefused."""
    if not services:
        return tuple(silences)
    system: Silences = services_from(services).silences
    try:
        for each in silences:
            if each.state == "due":
                system.finish(each.id, now)
    except SilenceError as error:
        raise VerbRefused(str(error)) from error
    return tuple(replace(each, state="ended") if each.state == "due" else each for each in silences)


def _run_of(silence: Silence, store: Store) -> PatchRun | None:
    known = _REASON.fullmatch(silence.reason)
    if known is None:
        return None
    try:
        return store.patches.run(known["run_id"])
    except InvalidRecordError:
        return None
