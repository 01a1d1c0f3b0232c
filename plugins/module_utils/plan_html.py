"""A plan as one HTML page that opens offline and prints on A4; the page is a Jinja2 template of the repository."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

from jinja2 import Environment, StrictUndefined

from ansible_collections.kyotsu.platform.plugins.module_utils.change import Held
from ansible_collections.kyotsu.platform.plugins.module_utils.model.platform import EstateInfo
from ansible_collections.kyotsu.platform.plugins.module_utils.plan import Plan
from ansible_collections.kyotsu.platform.plugins.module_utils.plan_text import (
    change_text,
    group_changes,
    printable,
    reasons_to_wait,
    summary_line,
)
from ansible_collections.kyotsu.platform.plugins.module_utils.plan_words import (
    change_japanese,
    summary_japanese,
)
from ansible_collections.kyotsu.platform.plugins.module_utils.words import KINDS, RISKS


def plan_html(template: str, plan: Plan, held: Sequence[Held], estate: EstateInfo, now: datetime) -> str:
    """Render a plan. `template` is the text of plan.html.j2; `now` is aware and shown in the estate's time zone."""
    environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    environment.filters["printable"] = printable
    waits = reasons_to_wait(held)
    groups = [
        {
            "vcenter": vcenter,
            "kind": f"{KINDS[kind]} / {kind}",
            "label": label,
            "changes": [
                {
                    "text": change_text(change),
                    "japanese": change_japanese(change),
                    "risk": change.risk,
                    "risk_japanese": RISKS[change.risk].ja,
                    "held": waits.get((change.vcenter, change.kind, change.object, change.field)),
                }
                for change in changes
            ],
        }
        for (vcenter, kind, label), changes in group_changes(plan.changes).items()
    ]
    return environment.from_string(template).render(
        plan=plan,
        groups=groups,
        estate=estate,
        kinds=KINDS,
        summary=summary_line(plan, held),
        summary_japanese=summary_japanese(plan, held),
        written=f"{now.astimezone(ZoneInfo(estate.timezone)):%Y-%m-%d %H:%M}",
    )
