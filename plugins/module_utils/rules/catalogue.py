"""All rules that are checked, by id. Each is a pure function of the estate and the context."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import datetime

from ansible_collections.kyotsu.platform.plugins.module_utils.findings import Finding
from ansible_collections.kyotsu.platform.plugins.module_utils.model.estate import Estate
from ansible_collections.kyotsu.platform.plugins.module_utils.model.platform import RuleException
from ansible_collections.kyotsu.platform.plugins.module_utils.model.system import Text
from ansible_collections.kyotsu.platform.plugins.module_utils.rules import (
    addresses,
    backups,
    capacity_limits,
    capacity_policy,
    classification,
    collisions,
    control_plane,
    dates,
    dependencies,
    disposal,
    exceptions,
    file_names,
    flows,
    labels,
    life,
    media_pools,
    offsite,
    organisations,
    owners,
    pairs,
    patch_sources,
    recovery,
    references,
    retention,
    retirement,
    retirement_terms,
    seasons,
    segments,
    separation,
    snapshots,
    support,
    tariffs,
    terms,
    uniqueness,
    vlans,
    windows_sound,
)
from ansible_collections.kyotsu.platform.plugins.module_utils.rules.context import Context, Findings
from ansible_collections.kyotsu.platform.plugins.module_utils.state import ObservedMachine

Check = Callable[[Estate, Context], Findings]
ChangeCheck = Callable[[Estate, Estate, Context], Findings]
LiveCheck = Callable[[ObservedMachine, snapshots.SnapshotLimits, datetime], Iterator[Text]]

# E-02 (YAML) and E-03 (schema) are said by source.py and schema.py before any of these runs.
CHECKS: Mapping[str, tuple[Check, ...]] = {
    "E-01": (file_names.check,),
    "E-04": (references.check,),
    "E-05": (dates.check,),
    "E-06": (addresses.check,),
    "E-07": (owners.check,),
    "E-08": (pairs.check,),
    "E-09": (dependencies.check,),
    "E-10": (vlans.check,),
    "E-11": (exceptions.check,),
    "E-12": (windows_sound.check, media_pools.check_couriers),
    "L-01": (segments.check_one_segment, segments.check_shared_things, media_pools.check_pools),
    "L-02": (segments.check_cluster_segment, flows.check_isolated),
    "L-03": (segments.check_management, flows.check_shared),
    "L-04": (flows.check_crossing,),
    "L-05": (separation.check,),
    "L-06": (segments.check_clusters,),
    "L-07": (patch_sources.check,),
    "L-08": (control_plane.check,),
    "C-01": (classification.check_edition,),
    "C-02": (classification.check_availability,),
    "C-03": (classification.check_media, media_pools.check_encryption),
    "C-04": (classification.check_segment,),
    "B-01": (backups.check_regular,),
    "B-02": (backups.check_distance,),
    "B-03": (backups.check_copies,),
    "B-04": (offsite.check,),
    "B-05": (backups.check_keys, media_pools.check_escrow),
    "D-01": (disposal.check_destruction, media_pools.check_end),
    "D-04": (disposal.check_highest,),
    "T-01": (terms.check,),
    "T-02": (seasons.check,),
    "T-03": (retention.check,),
    "K-01": (capacity_limits.check_clusters,),
    "K-02": (capacity_limits.check_storage,),
    "K-04": (tariffs.check,),
    "K-05": (capacity_policy.check,),
    "Y-01": (support.check,),
    "Y-02": (uniqueness.check,),
    "Y-03": (life.check_dates,),
    "Y-04": (retirement_terms.check,),
    "A-01": (collisions.check_backup,),
    "A-02": (collisions.check_pairs,),
    "A-03": (recovery.check_point,),
    "A-04": (recovery.check_time,),
    "A-05": (organisations.check,),
    "A-06": (labels.check_vcenter,),
    "A-07": (labels.check_windows_names,),
    "A-08": (life.check_needed,),
}
# What only a change can break: functions of the estate before it, the estate after it, and the context of the latter.
CHANGE_CHECKS: Mapping[str, tuple[ChangeCheck, ...]] = {
    "D-04": (disposal.check_lowered,),
    "Y-02": (retirement.check_reuse,),
    "Y-03": (retirement.check_order,),
    "Y-04": (retirement_terms.check_cool_off, retirement_terms.check_entry_stays),
}
# What only a vCenter shows: of one observed machine, the limits and the time. Drift runs these.
LIVE_CHECKS: Mapping[str, tuple[LiveCheck, ...]] = {
    "K-03": (snapshots.check_age, snapshots.check_chain),
}


def run(context: Context, checks: Mapping[str, tuple[Check, ...]] = CHECKS) -> Iterator[Finding]:
    """Findings of all checks, without those that an exception of platform/policy.yml allows on the day."""
    estate = context.estate
    used: set[tuple[str, str]] = set()
    findings = (finding for group in checks.values() for check in group for finding in check(estate, context))
    yield from _not_allowed(context, findings, used)
    if "E-11" in checks:
        yield from exceptions.check_effect(estate, context, checks.keys(), used)


def run_change(
    before: Estate, context: Context, checks: Mapping[str, tuple[ChangeCheck, ...]] = CHANGE_CHECKS
) -> Iterator[Finding]:
    """Findings of a change: `before` is the estate of its base, `context` that of the estate after it."""
    findings = (
        finding for group in checks.values() for check in group for finding in check(before, context.estate, context)
    )
    yield from _not_allowed(context, findings, set())


def _not_allowed(context: Context, findings: Iterable[Finding], used: set[tuple[str, str]]) -> Iterator[Finding]:
    """Findings that no exception covers; (rule, object) of the exceptions that cover one are added to `used`.

    An exception may name a machine or a pool by its key, findings speak of names.
    """
    allowed: dict[tuple[str, str], RuleException] = {}
    for exception in context.estate.platform.exceptions:
        if not context.is_over(exception.expires):
            allowed[exception.rule, exception.object] = exception
    names = {machine.key: machine.name for _, machine in context.estate.machines()} if allowed else {}
    names |= {pool.key: pool.name for _, pool in context.estate.desktop_pools()} if allowed else {}
    allowed |= {(rule, names[thing]): item for (rule, thing), item in allowed.items() if thing in names}
    for finding in findings:
        # What keeps the estate whole (E-01 to E-12) has no exceptions: the code relies on it.
        exception_or_none = None if finding.rule.startswith("E-") else allowed.get((finding.rule, finding.object))
        if exception_or_none is None:
            yield finding
        else:
            used.add((exception_or_none.rule, exception_or_none.object))
