"""A snapshot of ours is known by its description, and nothing else is taken for one."""

from __future__ import annotations

import json
from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.kyotsu.platform.plugins.module_utils.snapshot_label import SnapshotLabel, label_of

LABEL = SnapshotLabel(purpose="patch", change="2026-11", run_id="a1b2", expires_on=date(2026, 11, 28))


@given(
    st.builds(
        SnapshotLabel,
        purpose=st.from_regex(r"[a-z][a-z-]{0,30}", fullmatch=True),
        change=st.text(),
        run_id=st.text(),
        expires_on=st.dates(),
        legal_hold=st.none() | st.text(),
    )
)
def test_a_label_comes_back_as_it_was_written(label: SnapshotLabel) -> None:
    assert label_of(label.description) == label


@given(st.text())
def test_what_a_person_wrote_is_no_label(text: str) -> None:
    assert label_of(text) is None


@pytest.mark.parametrize(
    "spoiled",
    [
        {"kyotsu": 2},
        {"purpose": "Patch me"},
        {"purpose": None},
        {"change": 7},
        {"run_id": None},
        {"expires_on": "soon"},
        {"expires_on": None},
        {"legal_hold": True},
    ],
)
def test_a_label_that_is_not_whole_is_none(spoiled: dict[str, Any]) -> None:
    assert label_of(json.dumps({**json.loads(LABEL.description), **spoiled})) is None


def test_a_snapshot_is_due_after_its_last_day_and_never_while_it_is_held() -> None:
    assert not LABEL.is_due(date(2026, 11, 28))
    assert LABEL.is_due(date(2026, 11, 29))
    held = SnapshotLabel(
        purpose="patch", change="2026-11", run_id="a", expires_on=date(2026, 11, 28), legal_hold="監査"
    )
    assert not held.is_due(date(2030, 1, 1))
