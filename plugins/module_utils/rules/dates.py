"""E-05: every date exists in the calendar, and what begins ends later."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date
from typing import Any

from ansible_collections.kyotsu.platform.plugins.module_utils.document import Keys
from ansible_collections.kyotsu.platform.plugins.module_utils.findings import Finding
from ansible_collections.kyotsu.platform.plugins.module_utils.model.estate import Estate
from ansible_collections.kyotsu.platform.plugins.module_utils.model.system import Text
from ansible_collections.kyotsu.platform.plugins.module_utils.rules.context import Context, Findings
from ansible_collections.kyotsu.platform.plugins.module_utils.schema_words import label, path_text

_DATE = re.compile(r"(?:(\d{4})-)?(\d{2})-(\d{2})\Z", re.ASCII)
_A_LEAP_YEAR = 2024  # a yearly date without a year may be 02-29


def check(estate: Estate, context: Context) -> Findings:
    """All text that has the form of a date in all files; then the order of terms and of organisations' lives."""
    documents = [*context.system_documents, *context.platform_documents.values()]
    for document in documents:
        for keys, text in _dates(document.value):
            if not _exists(text):
                where = path_text(keys)
                yield Finding(
                    rule="E-05",
                    severity=context.severity("E-05"),
                    file=document.file,
                    line=document.line(keys),
                    object=label(document.value, keys),
                    message=Text(
                        en=f"{where}: {text} is not a day of the calendar", ja=f"{where}: {text} は暦にない日付です"
                    ),
                    remedy=Text(en="correct the date (YYYY-MM-DD)", ja="日付を直してください（YYYY-MM-DD）"),
                )
    yield from _order(estate, context)


def _order(estate: Estate, context: Context) -> Findings:
    spans: list[tuple[Keys, str, str, str | None]] = [
        (("equipment", index, "terms", number, "end"), equipment.id, term.start, term.end)
        for index, equipment in enumerate(estate.platform.equipment)
        for number, term in enumerate(equipment.terms)
    ]
    spans += [
        (("organisations", index, "valid_to"), unit.id, unit.valid_from, unit.valid_to)
        for index, unit in enumerate(estate.platform.organisations)
    ]
    spans += [
        (("tariffs", index, "valid_to"), tariff.equipment, tariff.valid_from, tariff.valid_to)
        for index, tariff in enumerate(estate.platform.tariffs)
    ]
    for keys, thing, start, end in spans:
        if end is not None and end < start:
            yield context.finding(
                "E-05",
                keys,
                thing,
                Text(
                    en=f"{thing}: ends on {end}, before it begins on {start}",
                    ja=f"{thing}: {end} は開始日 {start} より前です",
                ),
                Text(en="correct one of the two dates", ja="どちらかの日付を直してください"),
            )


def _dates(value: Any) -> Iterator[tuple[Keys, str]]:
    waiting: list[tuple[Keys, Any]] = [((), value)]
    while waiting:
        keys, part = waiting.pop()
        if type(part) is dict:
            waiting.extend(((*keys, key), item) for key, item in part.items())
        elif type(part) is list:
            waiting.extend(((*keys, index), item) for index, item in enumerate(part))
        elif type(part) is str and len(part) in {5, 10} and _DATE.match(part):
            yield keys, part


def _exists(text: str) -> bool:
    match = _DATE.match(text)
    if match is None:
        return False
    year, month, day = match.groups()
    try:
        date(int(year or _A_LEAP_YEAR), int(month), int(day))
    except ValueError:
        return False
    return True
