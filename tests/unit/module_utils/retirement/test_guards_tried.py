"""Each reason for which a step is refused was tried in a lab, by the very words that its guard says."""

from __future__ import annotations

import dataclasses
import re

import pytest

from ansible_collections.kyotsu.platform.plugins.module_utils.retirement.codes import CODES, Code
from ansible_collections.kyotsu.platform.plugins.module_utils.retirement.guards import refusals
from tests.integration import test_decommission_guards as guards
from tests.integration import test_decommission_media as media
from tests.integration import test_decommission_people as people
from tests.support.retiring import DATABASE

from .test_guards import CASES, GOOD, PERMISSIONS, case_until

# What is told by the verb itself and not by a guard of one machine: each with the test that tries it.
BESIDE = {
    "off-site": guards.test_a_copy_off_site_is_waited_for,
    "shared-disk": guards.test_what_happens_while_the_name_is_typed_stops_the_deletion,
    "order": guards.test_one_record_is_about_the_whole_system,
}


def plain(text: str) -> str:
    """Without what depends on the day and the machine of a test."""
    return re.sub(r"\d{4}-\d\d-\d\d", "DAY", text)


def said() -> dict[Code, set[str]]:
    """What each guard says of s02-db01."""
    found: dict[Code, set[str]] = {}
    spoils = [
        *((step, spoiled) for step, spoiled, _ in CASES),
        *(("delete", {"permission": each}) for each in PERMISSIONS),
    ]
    for step, spoiled in spoils:
        facts = dataclasses.replace(GOOD, **{"name": DATABASE, **spoiled})
        for each in refusals(case_until(step), step, facts):
            found.setdefault(each.code, set()).add(plain(each.text.en))
    return found


TRIED = {
    plain(told)
    for table in (guards.BEFOREHAND, guards.DURING, guards.DESCRIBED, guards.WHILE_TYPING)
    for _, told in table
} | {plain(told) for table in (people.TOLD, media.TOLD) for told in table.values()}


@pytest.mark.parametrize("code", CODES)
def test_each_guard_has_somebody_who_tries_to_get_past_it(code: Code) -> None:
    if code in BESIDE:
        return
    texts = said()[code]
    assert any(told in text for told in TRIED for text in texts), f"nobody tries {code} in a lab: {texts}"
