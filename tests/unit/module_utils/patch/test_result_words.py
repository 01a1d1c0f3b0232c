"""Every result has words."""

from __future__ import annotations

from ansible_collections.kyotsu.platform.plugins.module_utils.patch.outcome import Result
from ansible_collections.kyotsu.platform.plugins.module_utils.patch.result_words import RESULTS


def test_every_result_has_words_of_its_own_in_both_languages() -> None:
    assert set(RESULTS) == set(Result)
    assert len({text.ja for text in RESULTS.values()}) == len({text.en for text in RESULTS.values()}) == len(Result)
