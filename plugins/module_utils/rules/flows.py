"""L-03: a registered flow is allowed until its day, not longer."""

from __future__ import annotations

from datetime import timedelta

from ansible_collections.kyotsu.platform.plugins.module_utils.model.estate import Estate
from ansible_collections.kyotsu.platform.plugins.module_utils.model.system import Text
from ansible_collections.kyotsu.platform.plugins.module_utils.rules.context import Context, Findings

_WARN_AHEAD = timedelta(days=30)


def check(estate: Estate, context: Context) -> Findings:
    """Flows whose registration is over, or will be within 30 days."""
    for index, flow in enumerate(estate.platform.flows):
        if flow.expires >= (context.as_of + _WARN_AHEAD).isoformat():
            continue
        over = flow.expires < context.as_of.isoformat()
        yield context.finding(
            "L-03",
            ("flows", index, "expires"),
            flow.id,
            Text(
                en=f"{flow.id}: the registration {'ended' if over else 'ends'} on {flow.expires}",
                ja=f"{flow.id}: 通信登録の期限は {flow.expires} です{'（期限切れ）' if over else ''}",
            ),
            Text(
                en=f"have {flow.approver} renew it, or close the flow and remove it here",
                ja=f"{flow.approver} の承認を得て更新するか、通信を止めて登録を削除してください",
            ),
            only_warn=not over,
        )
