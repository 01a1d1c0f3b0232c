"""Which step comes next, and which refusals only mean that its time has not come. Pure."""

from __future__ import annotations

from ansible_collections.kyotsu.platform.plugins.module_utils.retirement.case import Case
from ansible_collections.kyotsu.platform.plugins.module_utils.retirement.steps import ENDS, STEPS, Step

# The way of a machine; certify waits for the media, and what ends a case is no part of it.
WAY: tuple[Step, ...] = tuple(step for step in STEPS if step != "certify" and step not in ENDS)
# Nothing is wrong: a day, a courier or a signature is waited for. Everything else needs somebody to correct something.
WAITING = frozenset({"too-early", "grace", "off-site", "approval"})


def way_of(*, offsite: bool) -> tuple[Step, ...]:
    """The steps of one machine in their order; a copy off site only where its owner has one."""
    return tuple(step for step in WAY if offsite or step != "copy-off-site")


def next_step(case: Case, *, offsite: bool) -> Step | None:
    """The first step that is not done, or None when all are."""
    return next((step for step in way_of(offsite=offsite) if step not in case.done), None)
