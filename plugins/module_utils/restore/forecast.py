"""How long a restore will take, from those that were measured, against what was promised. Pure.

The model is a line: seconds = start + bytes / rate. `rate` is that of all measured streams together; `start` is the
median of what the restores took beside their streams (robot, winding, import, comparison). Without a measurement the
line is that of platform/policy.yml, `restore_rates`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from statistics import median
from zoneinfo import ZoneInfo

from ansible_collections.kyotsu.platform.plugins.module_utils.model.platform import RestoreRate

SECONDS_PER_HOUR = 3600
GIBIBYTE = 2**30
# Newer ones tell more of today's drives and networks.
MOST_MEASUREMENTS = 20
# A courier who comes on a day has come when the offices close.
_OFFICE_CLOSES = time(17, 30)


@dataclass(frozen=True, slots=True)
class Measurement:
    """A restore that ended well: bytes that were streamed, seconds of the streams, and of the whole."""

    bytes: int
    stream_seconds: float
    seconds: float


@dataclass(frozen=True, slots=True)
class Rate:
    """The line. `measured`: number of restores that it rests on; 0: it is an assumption."""

    start_seconds: float
    bytes_per_second: float
    measured: int


@dataclass(frozen=True, slots=True)
class Prediction:
    """`work_seconds`: what the restore itself takes; `ready_at`: when the machine runs, if it begins as soon as it can.

    `drive_hours`: how long a drive is taken; `rto_hours`: what was promised; `ready_hours`: from now to `ready_at`.
    """

    work_seconds: float
    drive_hours: float
    waits_until: datetime | None
    ready_at: datetime
    ready_hours: float
    rto_hours: int
    rate: Rate

    @property
    def within_rto(self) -> bool:
        """Whether the promise is kept by what is known now."""
        return self.ready_hours <= self.rto_hours


def rate_of(measurements: Sequence[Measurement], assumed: RestoreRate) -> Rate:
    """The line through what was measured, newest last; else the assumed one."""
    used = [each for each in measurements if each.bytes > 0 and each.stream_seconds > 0][-MOST_MEASUREMENTS:]
    if not used:
        return Rate(
            assumed.start_hours * SECONDS_PER_HOUR, assumed.gb_per_hour * GIBIBYTE / SECONDS_PER_HOUR, measured=0
        )
    return Rate(
        start_seconds=median(max(0.0, each.seconds - each.stream_seconds) for each in used),
        bytes_per_second=sum(each.bytes for each in used) / sum(each.stream_seconds for each in used),
        measured=len(used),
    )


def predict(
    size_bytes: int,
    rate: Rate,
    *,
    rto_hours: int,
    now: datetime,
    arrivals: Sequence[date] = (),
    zone: ZoneInfo | None = None,
) -> Prediction:
    """When a restore of `size_bytes` that begins now, or when the last of its tapes has arrived, is done.

    `now` is aware; `arrivals`: days on which tapes that are away are here at the latest, in the data centre's `zone`.
    """
    stream = size_bytes / rate.bytes_per_second
    work = rate.start_seconds + stream
    waits = None
    if arrivals:
        waits = datetime.combine(max(arrivals), _OFFICE_CLOSES, tzinfo=zone or UTC)
    begins = now if waits is None or waits <= now else waits
    ready = begins + timedelta(seconds=work)
    return Prediction(
        work_seconds=work,
        drive_hours=stream / SECONDS_PER_HOUR,
        waits_until=waits,
        ready_at=ready,
        ready_hours=(ready - now).total_seconds() / SECONDS_PER_HOUR,
        rto_hours=rto_hours,
        rate=rate,
    )
