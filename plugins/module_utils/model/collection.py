"""How samples of capacity and use are collected: platform/collection.yml. Shapes only."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Collection:
    """How often a sample is taken, and for how many days single samples are kept.

    What they come to per day is kept for the retention of `capacity` in platform/policy.yml.
    """

    interval_minutes: int
    sample_days: int
    basis: str


# Those of platform/collection.yml, for estates without one (tests build some in memory).
USUAL_COLLECTION = Collection(interval_minutes=60, sample_days=35, basis="assumed")
