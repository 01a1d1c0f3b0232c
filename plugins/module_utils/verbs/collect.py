"""The verb collect: one sample of size and use of every vCenter into the records, and days of what is over."""

from __future__ import annotations

import dataclasses
import time
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from ansible_collections.kyotsu.platform.plugins.module_utils.model.platform import Platform
from ansible_collections.kyotsu.platform.plugins.module_utils.records.store import open_store
from ansible_collections.kyotsu.platform.plugins.module_utils.usage.observed import Observation
from ansible_collections.kyotsu.platform.plugins.module_utils.vcenter.usage import observe
from ansible_collections.kyotsu.platform.plugins.module_utils.verbs.errors import VerbRefused
from ansible_collections.kyotsu.platform.plugins.module_utils.verbs.prepare import Prepared, prepare
from ansible_collections.kyotsu.platform.plugins.module_utils.verbs.progress import Progress
from ansible_collections.kyotsu.platform.plugins.module_utils.verbs.target import Target


@dataclass(frozen=True, slots=True, kw_only=True)
class CollectOutcome:
    """What was read, and what became of it. `saved` is False in check mode."""

    observation: Observation
    saved: bool
    reduced_days: tuple[str, ...] = ()  # ISO, the days whose machines were summed up
    forgotten_samples: int = 0
    forgotten_days: int = 0
    last_sample: datetime | None = None  # the one before this; None: the first, or check mode
    gap: timedelta | None = None  # how long nothing was collected, when that is longer than two intervals
    seconds: float = 0.0

    def as_result(self) -> dict[str, Any]:
        """The module's return values (JSON)."""
        seen = self.observation
        return {
            "changed": True,
            "saved": self.saved,
            "taken_at": seen.taken_at.isoformat(timespec="seconds"),
            "counts": {
                "machines": len(seen.machines),
                "hosts": len(seen.hosts),
                "clusters": len(seen.clusters),
                "datastores": len(seen.datastores),
            },
            "missing": dict(seen.missing),
            "reduced_days": list(self.reduced_days),
            "forgotten": {"samples": self.forgotten_samples, "days": self.forgotten_days},
            "gap_minutes": None if self.gap is None else int(self.gap.total_seconds() // 60),
            "text": self.text(),
            "seconds": round(self.seconds, 2),
        }

    def text(self) -> str:
        """The outcome in a few lines."""
        seen = self.observation
        verb = "saved" if self.saved else "would save"
        of = ", ".join(seen.read_at) or "no vCenter"
        lines = [
            f"{verb} one sample: {len(seen.machines)} machines, {len(seen.hosts)} hosts, "
            f"{len(seen.clusters)} clusters, {len(seen.datastores)} datastores of {of}"
        ]
        lines += [f"missing {vcenter}: {reason}" for vcenter, reason in seen.missing.items()]
        if self.gap is not None and self.last_sample is not None:
            lines.append(
                f"nothing was collected for {self.gap.total_seconds() / 3600:.1f} h, since "
                f"{self.last_sample:%Y-%m-%d %H:%M} UTC: the reports show a gap; look at the collector's timer"
            )
        if self.reduced_days:
            lines.append(f"summed up {len(self.reduced_days)} days, the last one {self.reduced_days[-1]}")
        if self.forgotten_samples or self.forgotten_days:
            lines.append(f"no longer kept: {self.forgotten_samples} samples, {self.forgotten_days} days")
        return "\n".join(lines)


def run_collect(target: Target, *, check: bool = False, now: datetime | None = None) -> CollectOutcome:
    """Read, save in one transaction, then sum up the days that are over and forget what is older than its retention.

    A vCenter that is down becomes a gap with its reason; what the others say is kept. Check mode only reads.

    Raises:
        VerbRefused: the inventory names no endpoint for a vCenter, or the policy no retention for samples.
        RecordsError: the records do not answer, or another collector took a sample meanwhile.
    """
    started = time.monotonic()
    prepared = prepare(target, now, writes=not check)
    months = _months_kept(prepared.estate.platform)
    _refuse_unknown(target, prepared)
    observation = observe(
        target.endpoints,
        target.datacenters,
        prepared.estate,
        prepared.now,
        cache_directory=target.cache_directory,
    )
    if check:
        return CollectOutcome(observation=observation, saved=False, seconds=time.monotonic() - started)
    outcome = dataclasses.replace(_save(target, prepared, observation, months), seconds=time.monotonic() - started)
    Progress().say(f"collect: {outcome.text().splitlines()[0]}")
    return outcome


def _save(target: Target, prepared: Prepared, observation: Observation, months: int) -> CollectOutcome:
    from ansible_collections.kyotsu.platform.plugins.module_utils.records.samples import SampleStore

    platform = prepared.estate.platform
    zone = ZoneInfo(platform.estate.timezone)
    with open_store(target.records_url, production=target.production) as store:
        samples = SampleStore(store, zone)
        last = samples.last_taken_at()
        samples.save(observation)
        reduced = samples.reduce(
            observation.taken_at.astimezone(zone).date(),
            sample_days_kept=platform.collection.sample_days,
            months_kept=months,
        )
    since = observation.taken_at - last if last else None
    usual = timedelta(minutes=platform.collection.interval_minutes)
    return CollectOutcome(
        observation=observation,
        saved=True,
        reduced_days=tuple(day.isoformat() for day in reduced.days),
        forgotten_samples=reduced.forgotten_samples,
        forgotten_days=reduced.forgotten_days,
        last_sample=last,
        gap=since if since is not None and since > 2 * usual else None,
    )


def _months_kept(platform: Platform) -> int:
    for retention in platform.retention:
        if retention.id == "capacity" and retention.months is not None:
            return retention.months
    raise VerbRefused(
        "platform/policy.yml: retention says nothing for `capacity`: add how many months samples are kept"
    )


def _refuse_unknown(target: Target, prepared: Prepared) -> None:
    known = {endpoint.id for endpoint in target.endpoints}
    unknown = [vcenter.id for vcenter in prepared.estate.platform.vcenters if vcenter.id not in known]
    if unknown:
        raise VerbRefused(
            f"the inventory of {target.environment} names no endpoint for {', '.join(unknown)}: add it to "
            "kyotsu_target.vcenters in inventory/<environment>/group_vars/all/"
        )
