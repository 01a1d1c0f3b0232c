"""What a report is asked for: filters, period, what if, and providers of what others collect."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Literal, Protocol

from ansible_collections.kyotsu.platform.plugins.module_utils.usage.fiscal import FiscalYear


class UnusableRequest(ValueError):
    """What was asked for does not exist; the text says what does."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Filters:
    """What the report is limited to. `owner` is an organisation id: a section, or what stands above sections."""

    system: str | None = None
    owner: str | None = None
    segment: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Period:
    """The days that cost and averages are about, both included. `fiscal_year` where it was asked for as one."""

    first_day: date
    last_day: date
    fiscal_year: FiscalYear | None = None

    @property
    def days(self) -> int:
        """How many days."""
        return (self.last_day - self.first_day).days + 1


@dataclass(frozen=True, slots=True, kw_only=True)
class WhatIfRequest:
    """ "Add `count` machines of `flavour` to `where`" (a segment or a cluster).

    Disk and tier of each are those of platform/capacity.yml where they are None.
    """

    count: int
    flavour: str
    where: str
    storage_gib_each: int | None = None
    tier: str | None = None
    basis: Literal["described", "actual"] = "described"


@dataclass(frozen=True, slots=True, kw_only=True)
class DesktopCount:
    """Desktops of one pool as its broker counts them; None: not told."""

    provisioned: int | None
    in_use: int | None
    peak_in_use: int | None


class TapeProvider(Protocol):
    """What the tape backup holds."""

    def tape_gib_by_system(self, as_of: date) -> Mapping[str, float]:
        """GiB on tape by system id; a system that is not in it has nothing on tape."""
        ...


class DesktopProvider(Protocol):
    """What the broker of the desktops knows."""

    def desktop_counts(self, as_of: date) -> Mapping[str, DesktopCount]:
        """Counts by the key of the pool; a pool that is not in it was not told."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Providers:
    """Who fills in what the platform itself does not read; None: not collected."""

    tape: TapeProvider | None = None
    desktops: DesktopProvider | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """What the header says of the sources: where they are, and why one of them is missing."""

    commit: str = ""  # of the repository
    described_on: date | None = None  # the day on which the repository was read; None: not told
    history: str = ""  # where the records are, without secrets
    no_history: str = ""
    no_observation: str = ""


EVERYTHING = Filters()
NOTHING_COLLECTED = Providers()
UNSAID = Origin()
