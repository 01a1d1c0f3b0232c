"""E-11: exceptions are dated, and over when their day is."""

from __future__ import annotations

from ansible_collections.kyotsu.platform.plugins.module_utils.model.estate import Estate
from ansible_collections.kyotsu.platform.plugins.module_utils.model.system import Text
from ansible_collections.kyotsu.platform.plugins.module_utils.rules.context import Context, Findings


def check(estate: Estate, context: Context) -> Findings:
    """Exceptions of platform/policy.yml that have run out: they allow nothing any more and have to go or be renewed."""
    for index, exception in enumerate(estate.platform.exceptions):
        if exception.expires < context.as_of.isoformat():
            yield context.finding(
                "E-11",
                ("exceptions", index, "expires"),
                exception.id,
                Text(
                    en=f"{exception.id}: the exception from {exception.rule} for {exception.object} ended on "
                    f"{exception.expires}",
                    ja=f"{exception.id}: {exception.object} に対する {exception.rule} の例外は "
                    f"{exception.expires} に終了しました",
                ),
                Text(
                    en=f"have {exception.approver} renew it with a new date, or remove it",
                    ja=f"{exception.approver} の承認を得て期限を更新するか、削除してください",
                ),
            )
