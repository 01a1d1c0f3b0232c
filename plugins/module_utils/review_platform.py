"""What changes in platform/*.yml, and what that means for everybody on it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ansible_collections.kyotsu.platform.plugins.module_utils.change import RISKS, Change
from ansible_collections.kyotsu.platform.plugins.module_utils.model.estate import Estate
from ansible_collections.kyotsu.platform.plugins.module_utils.model.system import Text
from ansible_collections.kyotsu.platform.plugins.module_utils.plan_text import change_text
from ansible_collections.kyotsu.platform.plugins.module_utils.plan_words import change_japanese
from ansible_collections.kyotsu.platform.plugins.module_utils.review_fields import field_differences
from ansible_collections.kyotsu.platform.plugins.module_utils.review_words import Line, difference_line
from ansible_collections.kyotsu.platform.plugins.module_utils.words import KINDS


def platform_lines(before: Estate, after: Estate, changes: Sequence[Change]) -> Iterator[Line]:
    """Every difference of the files, then what interrupts service at an object of the foundation."""
    for difference in field_differences(before.platform, after.platform):
        yield difference_line(difference)
    for change in changes:
        if change.kind != "machine" and RISKS.index(change.risk) > 0:
            shown = Text(
                en=f"{change.kind.replace('_', ' ')} {change.label}: {change_text(change)}",
                ja=f"{KINDS[change.kind]} {change.label}: {change_japanese(change)}",
            )
            yield Line(text=shown, risk=change.risk)
