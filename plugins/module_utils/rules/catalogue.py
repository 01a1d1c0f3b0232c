"""All rules that are checked, by id. Each is a pure function of the estate and the context."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from ansible_collections.kyotsu.platform.plugins.module_utils.findings import Finding
from ansible_collections.kyotsu.platform.plugins.module_utils.model.estate import Estate
from ansible_collections.kyotsu.platform.plugins.module_utils.rules import (
    addresses,
    capacity_limits,
    dates,
    dependencies,
    exceptions,
    file_names,
    flows,
    offsite,
    owners,
    pairs,
    references,
    segments,
    support,
    terms,
    uniqueness,
    vlans,
)
from ansible_collections.kyotsu.platform.plugins.module_utils.rules.context import Context, Findings

Check = Callable[[Estate, Context], Findings]

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
    "Y-01": (support.check,),
    "Y-02": (uniqueness.check,),
    "L-01": (segments.check_one_segment,),
    "L-02": (segments.check_cluster_segment,),
    "L-03": (segments.check_management, flows.check),
    "L-06": (segments.check_clusters,),
    "B-04": (offsite.check,),
    "K-01": (capacity_limits.check_clusters,),
    "K-02": (capacity_limits.check_storage,),
    "T-01": (terms.check,),
}


def run(context: Context, checks: Mapping[str, tuple[Check, ...]] = CHECKS) -> Iterator[Finding]:
    """Findings of all checks, without those that an exception of platform/policy.yml allows on the day."""
    allowed = {
        (exception.rule, exception.object)
        for exception in context.estate.platform.exceptions
        if exception.expires >= context.as_of.isoformat()
    }
    for check in (check for group in checks.values() for check in group):
        for finding in check(context.estate, context):
            # What keeps the estate whole (E-01 to E-11) has no exceptions: the code relies on it.
            if finding.rule.startswith("E-") or (finding.rule, finding.object) not in allowed:
                yield finding
