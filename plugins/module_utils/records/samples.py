"""Samples of capacity and use: saved by `collect`, read by the capacity report.

Three grains: a *sample* is one reading of everything, kept for `sample_days` of platform/collection.yml; a *day* is
what the samples of one machine, host, cluster or datastore come to, kept for the retention of `capacity` in
platform/policy.yml; a *place day* is the sum over all machines that lie in the same place (vCenter, system, owner,
segment, cluster, equipment), made together with each sample, so that five years are read without the rows of machines.

Days are those of the estate's time zone, so that fiscal years begin on the right day. A day on which nothing was read
has no row: a gap is a gap.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, tzinfo

from ansible_collections.kyotsu.platform.plugins.module_utils.records import (
    sample_days,
    sample_periods,
    sample_reader,
    sample_series,
    sample_writer,
)
from ansible_collections.kyotsu.platform.plugins.module_utils.records.sample_values import (
    ClusterDay,
    DatastoreDay,
    DayTotal,
    Dimension,
    Filters,
    HostDay,
    MachinePeriod,
    SampleDay,
    StorageTotal,
    Used,
)
from ansible_collections.kyotsu.platform.plugins.module_utils.records.store import Store
from ansible_collections.kyotsu.platform.plugins.module_utils.usage.observed import Observation

__all__ = [
    "ClusterDay",
    "DatastoreDay",
    "DayTotal",
    "Dimension",
    "Filters",
    "HostDay",
    "MachinePeriod",
    "Reduced",
    "SampleDay",
    "SampleStore",
    "StorageTotal",
    "Used",
]
_NO_FILTERS = Filters()


@dataclass(frozen=True, slots=True, kw_only=True)
class Reduced:
    """What down-sampling did: days whose machines were reduced, readings and days that were forgotten."""

    days: tuple[date, ...]
    forgotten_samples: int
    forgotten_days: int


class SampleStore:
    """The samples of one open store. `zone` is the estate's time zone: it says when a day begins.

    Everything raises RecordsError where the database fails; an empty database gives empty results.
    """

    def __init__(self, store: Store, zone: tzinfo) -> None:
        self._database = store.database
        self._zone = zone

    def save(self, observation: Observation) -> int:
        """Keep one reading in one transaction, all or nothing, and return its number.

        InvalidRecordError: `taken_at` is not after the last reading (two collectors, or a clock that went back).
        """
        day = sample_days.day_number(self._day_of(observation.taken_at))
        with self._database.write() as connection:
            run_id = sample_writer.write_run(connection, observation, day)
            sample_days.refresh_day(connection, day)
        return run_id

    def last_taken_at(self) -> datetime | None:
        """When the last reading was taken; None: never."""
        with self._database.read() as connection:
            return sample_reader.last_taken_at(connection)

    def reduce(self, today: date, *, sample_days_kept: int, months_kept: int) -> Reduced:
        """Down-sample the days before `today`, then forget what is older than its retention.

        Each day is one transaction and is made anew from its samples, so that a run that was killed is repeated by the
        next one, and a second run changes nothing. Samples are forgotten only after their day was reduced. Days are
        kept for whole fiscal years.
        """
        reduced: list[date] = []
        with self._database.read() as connection:
            waiting = sample_days.unreduced_days(connection, sample_days.day_number(today))
        for day in waiting:
            with self._database.write() as connection:
                sample_days.reduce_day(connection, day)
            reduced.append(sample_days.day_of(day))
        first_sample = sample_days.first_sample_day(today, sample_days_kept)
        first_day = sample_days.first_kept_day(today, months_kept)
        with self._database.write() as connection:
            return Reduced(
                days=tuple(reduced),
                forgotten_samples=sample_days.forget_samples(connection, sample_days.day_number(first_sample)),
                forgotten_days=sample_days.forget_days(connection, sample_days.day_number(first_day)),
            )

    def latest(self, as_of: datetime | None = None) -> Observation | None:
        """What was known at a moment (default: now): of each vCenter its last reading until then; None: nothing.

        `missing` names the vCenters that the last reading did not reach, `read_at` when each was last read. For a
        moment whose samples are no longer kept, the day's values stand in (used: the mean; storage: one sum per
        machine; no guest disks and no states). On which host a machine ran is not kept.
        """
        moment = as_of or self._database.clock()
        with self._database.read() as connection:
            return sample_reader.latest(connection, moment, sample_days.day_number(self._day_of(moment)))

    def days(self, first: date, last: date) -> list[SampleDay]:
        """The days from `first` to `last` (both included) that have samples, in order; what is not here is a gap."""
        with self._database.read() as connection:
            return sample_series.sample_days(connection, first, last)

    def daily_totals(
        self, dimension: Dimension, first: date, last: date, filters: Filters = _NO_FILTERS
    ) -> Mapping[str | None, Sequence[DayTotal]]:
        """Series by value of the dimension (None: machines of nobody), each in the order of days, gaps left out."""
        with self._database.read() as connection:
            return sample_series.daily_totals(connection, dimension, (first, last), filters)

    def storage_totals(
        self, dimension: Dimension, first: date, last: date, filters: Filters = _NO_FILTERS
    ) -> Mapping[str | None, Sequence[StorageTotal]]:
        """Storage by tier, else as daily_totals; in the order of day and tier."""
        with self._database.read() as connection:
            return sample_series.storage_totals(connection, dimension, (first, last), filters)

    def cluster_days(self, first: date, last: date) -> Sequence[ClusterDay]:
        """Every cluster on every day, in the order of vCenter, cluster and day."""
        with self._database.read() as connection:
            return sample_series.cluster_days(connection, first, last)

    def host_days(self, first: date, last: date) -> Sequence[HostDay]:
        """Every host on every day, in the order of vCenter, host and day."""
        with self._database.read() as connection:
            return sample_series.host_days(connection, first, last)

    def datastore_days(self, first: date, last: date) -> Sequence[DatastoreDay]:
        """Every datastore on every day, in the order of vCenter, datastore and day."""
        with self._database.read() as connection:
            return sample_series.datastore_days(connection, first, last)

    def machine_periods(self, first: date, last: date, filters: Filters = _NO_FILTERS) -> Sequence[MachinePeriod]:
        """Every machine that existed in a period, also those that are gone, in the order of vCenter and name.

        Reads one row per machine and day: 10,433 machines over 30 days take about a second.
        """
        with self._database.read() as connection:
            return sample_periods.machine_periods(connection, (first, last), filters)

    def _day_of(self, moment: datetime) -> date:
        return moment.astimezone(self._zone).date()
