"""The capacity report from its sources: the repository always, vCenter and records where they are asked for.

A source that cannot be read does not stop the others: the report says what is missing, and so does `unread`.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from ansible_collections.kyotsu.platform.plugins.module_utils.loader import Loaded, load_estate
from ansible_collections.kyotsu.platform.plugins.module_utils.model.estate import Estate
from ansible_collections.kyotsu.platform.plugins.module_utils.records import location
from ansible_collections.kyotsu.platform.plugins.module_utils.records.errors import RecordsError
from ansible_collections.kyotsu.platform.plugins.module_utils.usage.history import History
from ansible_collections.kyotsu.platform.plugins.module_utils.usage.inputs import (
    Filters,
    Origin,
    Period,
    Providers,
    WhatIfRequest,
)
from ansible_collections.kyotsu.platform.plugins.module_utils.usage.observed import Observation
from ansible_collections.kyotsu.platform.plugins.module_utils.usage.report import UsageReport
from ansible_collections.kyotsu.platform.plugins.module_utils.verbs.commit import describe_commit
from ansible_collections.kyotsu.platform.plugins.module_utils.verbs.errors import VerbRefused

if TYPE_CHECKING:
    from ansible_collections.kyotsu.platform.plugins.module_utils.verbs.target import Target

GIBIBYTE = 1 << 30


@dataclass(frozen=True, kw_only=True)
class Asked:
    """What a report is asked for.

    `target` is the argument of our modules (None: vCenter is not asked). `history` is a URL, "" for the usual one, None
    for no history; its password never stands in it.
    """

    repository: Path
    filters: Filters
    as_of: date
    period: Period
    what_if: WhatIfRequest | None
    target: Mapping[str, Any] | None
    history: str | None
    password_file: Path | None
    now: datetime


@dataclass(frozen=True, kw_only=True)
class Made:
    """The report, the estate that it is about, and one line per source that could not be read."""

    report: UsageReport
    estate: Estate
    unread: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class _RecordedTape:
    """What the records say lay on tape at the end of the report's day, for which it was read."""

    gib_by_system: Mapping[str, float]

    def tape_gib_by_system(self, as_of: date) -> Mapping[str, float]:
        """GiB by system id."""
        return self.gib_by_system


@dataclass(frozen=True, kw_only=True)
class _Past:
    history: History | None = None
    last: Observation | None = None  # the last reading until the report's day
    tape: _RecordedTape | None = None  # None: the records hold no copy
    name: str = ""
    reason: str = ""  # why there is none


def make_report(asked: Asked) -> Made:
    """Read the sources and build the report.

    Raises:
        InvalidEstate: the repository's data has errors.
        UnusableRequest: a filter or the what-if names something that does not exist.
        VerbRefused: the target or the records' URL cannot be used as they stand.
    """
    loaded = load_estate(asked.repository, as_of=asked.as_of)
    target = _target(asked)
    past = _past(asked, loaded.estate, target)
    observation = past.last if target is None else _observe(target, loaded.estate, asked.now)
    report = _build(asked, loaded, observation, past)
    unread = [
        f"vCenter {vcenter}: {reason}" for vcenter, reason in (observation.missing if observation else {}).items()
    ]
    if past.reason:
        unread.append(past.reason)
    return Made(report=report, estate=loaded.estate, unread=tuple(unread))


def _target(asked: Asked) -> Target | None:
    if asked.target is None:
        return None
    from ansible_collections.kyotsu.platform.plugins.module_utils.verbs.target import target_from

    return target_from(asked.target)


def _observe(target: Target, estate: Estate, now: datetime) -> Observation:
    from ansible_collections.kyotsu.platform.plugins.module_utils.vcenter.usage import observe

    return observe(
        target.endpoints,
        target.datacenters,
        estate,
        now,
        cache_directory=target.cache_directory,
        orphaned_disks=True,
    )


def _past(asked: Asked, estate: Estate, target: Target | None) -> _Past:
    if asked.history is None:
        return _Past()
    # Imported here: the database library costs 0.2 s.
    from ansible_collections.kyotsu.platform.plugins.module_utils.records.samples import SampleStore
    from ansible_collections.kyotsu.platform.plugins.module_utils.records.store import open_store
    from ansible_collections.kyotsu.platform.plugins.module_utils.verbs.usage_history import read_history

    url = asked.history or _usual_url(asked, target)
    if asked.history and location.has_password(asked.history):
        raise VerbRefused("a password in --history is shown to every user of this host: use --password-file")
    zone = ZoneInfo(estate.platform.estate.timezone)
    try:
        password = location.read_password_file(asked.password_file) if asked.password_file else None
        with open_store(url, production=bool(target and target.production), password=password, create=False) as store:
            samples = SampleStore(store, zone)
            history = read_history(samples, estate, asked.as_of, asked.period.first_day, asked.period.last_day)
            last = samples.latest(_end_of(asked.as_of, zone))
            on_tape = store.copies.bytes_by_system(_end_of(asked.as_of, zone))
    except RecordsError as error:
        return _Past(reason=f"history: {error}")
    tape = _RecordedTape(gib_by_system={system: size / GIBIBYTE for system, size in on_tape.items()})
    return _Past(history=history, last=last, tape=tape if on_tape else None, name=_told(url))


def _usual_url(asked: Asked, target: Target | None) -> str:
    if target is not None and not os.environ.get(location.URL_VARIABLE):
        return target.records_url
    return location.default_url(asked.repository, os.environ)


def _told(url: str) -> str:
    """What a report may say of where the records are: host and database, or the name of the file."""
    parts = urlsplit(url)
    return f"{parts.hostname}{parts.path}" if parts.hostname else Path(parts.path).name


def _end_of(day: date, zone: ZoneInfo) -> datetime:
    return datetime.combine(day + timedelta(days=1), time(), zone) - timedelta(seconds=1)


def _build(asked: Asked, loaded: Loaded, observation: Observation | None, past: _Past) -> UsageReport:
    from ansible_collections.kyotsu.platform.plugins.module_utils.usage.build import build_report

    return build_report(
        loaded.estate,
        as_of=asked.as_of,
        observation=observation,
        history=past.history,
        tariffs=loaded.estate.platform.tariffs,
        filters=asked.filters,
        period=asked.period,
        providers=Providers(tape=past.tape),
        request=asked.what_if,
        origin=Origin(
            commit=describe_commit(asked.repository, loaded.fingerprint),
            described_on=asked.now.astimezone(ZoneInfo(loaded.estate.platform.estate.timezone)).date(),
            history=past.name,
            no_history=past.reason,
        ),
    )
