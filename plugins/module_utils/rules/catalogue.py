"""All rules that are checked, by id. Each is a pure function of the estate and the context."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from ansible_collections.kyotsu.platform.plugins.module_utils.findings import Finding
from ansible_collections.kyotsu.platform.plugins.module_utils.model.estate import Estate
from ansible_collections.kyotsu.platform.plugins.module_utils.rules import file_names
from ansible_collections.kyotsu.platform.plugins.module_utils.rules.context import Context, Findings

Check = Callable[[Estate, Context], Findings]

CHECKS: Mapping[str, Check] = {
    "E-01": file_names.check,
}


def run(context: Context, checks: Mapping[str, Check] = CHECKS) -> Iterator[Finding]:
    """Findings of all checks, without those that a valid exception of platform/policy.yml allows."""
    allowed = {
        (exception.rule, exception.object)
        for exception in context.estate.platform.exceptions
        if exception.expires >= context.as_of.isoformat()
    }
    for check in checks.values():
        for finding in check(context.estate, context):
            if (finding.rule, finding.object) not in allowed:
                yield finding
