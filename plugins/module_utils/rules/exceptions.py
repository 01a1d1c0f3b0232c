"""E-11: exceptions are dated, over when their day is, and there for something."""

from __future__ import annotations

from collections.abc import Set as AbstractSet

from ansible_collections.kyotsu.platform.plugins.module_utils.findings import Finding
from ansible_collections.kyotsu.platform.plugins.module_utils.model.estate import Estate
from ansible_collections.kyotsu.platform.plugins.module_utils.model.system import Text
from ansible_collections.kyotsu.platform.plugins.module_utils.rules.context import Context, Findings


def check(estate: Estate, context: Context) -> Findings:
    """Exceptions that have run out and allow nothing any more; a warning for those that soon will."""
    for index, exception in enumerate(estate.platform.exceptions):
        if exception.expires < context.soon:
            over = context.is_over(exception.expires)
            yield context.finding(
                "E-11",
                ("exceptions", index, "expires"),
                exception.id,
                Text(
                    en=f"{exception.id}: the exception from {exception.rule} for {exception.object} "
                    f"{'ended' if over else 'ends'} on "
                    f"{exception.expires}",
                    ja=f"{exception.id}: {exception.object} に対する {exception.rule} の例外は "
                    f"{exception.expires} {'に終了しました' if over else 'までです'}",
                ),
                Text(
                    en=f"have {exception.approver} renew it with a new date, or remove it",
                    ja=f"{exception.approver} の承認を得て期限を更新するか、削除してください",
                ),
                only_warn=not over,
            )


def check_effect(
    estate: Estate, context: Context, judged: AbstractSet[str], used: AbstractSet[tuple[str, str]]
) -> list[Finding]:
    """A warning for each exception that still holds and excepts nothing. None while some files cannot be read.

    `judged`: rules that were looked at; `used`: (rule, object as the exception names it) of those that excepted.
    """
    return [
        context.finding(
            "E-11",
            ("exceptions", index),
            exception.id,
            Text(
                en=f"{exception.id}: {exception.object} does not break {exception.rule}; the exception has no effect",
                ja=f"{exception.id}: {exception.object} は {exception.rule} に違反しておらず、例外に効果がありません",
            ),
            Text(
                en="remove it, or correct rule and object",
                ja="削除するか、規則と対象を直してください",
            ),
            only_warn=True,
        )
        for index, exception in enumerate(estate.platform.exceptions)
        if not context.unread
        and exception.rule in judged
        and not context.is_over(exception.expires)
        and (exception.rule, exception.object) not in used
    ]
