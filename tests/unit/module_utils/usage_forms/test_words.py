"""Every code that a report can hold has words in both languages."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, get_args

import pytest

from ansible_collections.kyotsu.platform.plugins.module_utils.usage import (
    report,
    report_capacity,
    report_cost,
    report_tenants,
    report_waste,
)
from ansible_collections.kyotsu.platform.plugins.module_utils.usage_forms import words

PAIRS = {
    "notes": (report.NoteCode, words.NOTES),
    "sources": (report.SourceKind, words.SOURCES),
    "thresholds": (report.Threshold, words.THRESHOLDS),
    "bases": (report_capacity.Basis, words.BASES),
    "resources": (report_capacity.Resource, words.RESOURCES),
    "answers": (report_capacity.Answer, words.ANSWERS),
    "forecasts": (report_capacity.ForecastStatus, words.FORECASTS),
    "cost bases": (report_cost.CostBasis, words.COST_BASES),
    "differences": (report_tenants.Difference, words.DIFFERENCES),
    "reclaimable": (report_waste.ReclaimableKind, words.RECLAIMABLE),
}


@pytest.mark.parametrize(("codes", "texts"), PAIRS.values(), ids=PAIRS)
def test_no_code_is_without_words(codes: Any, texts: Mapping[str, Any]) -> None:
    assert set(get_args(codes)) == set(texts)
    assert all(text.ja and text.en and text.en.isascii() for text in texts.values())


@pytest.mark.parametrize("code", words.NOTES)
def test_a_note_says_everything_that_it_may_hold(code: report.NoteCode) -> None:
    for text in (words.NOTES[code].ja, words.NOTES[code].en):
        assert text.format(subject="", value="", limit="", reason="")
