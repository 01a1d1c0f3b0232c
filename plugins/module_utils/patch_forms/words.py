"""Words of the evidence in both languages; those of a result are in patch/result_words.py."""

from __future__ import annotations

from collections.abc import Mapping

from ansible_collections.kyotsu.platform.plugins.module_utils.model.system import Text
from ansible_collections.kyotsu.platform.plugins.module_utils.patch.evidence import AcceptanceState
from ansible_collections.kyotsu.platform.plugins.module_utils.patch.outcome import Result
from ansible_collections.kyotsu.platform.plugins.module_utils.report_forms.tables import Mark

STATES: Mapping[AcceptanceState, Text] = {
    "accepted": Text(ja="受容済", en="accepted"),
    "expired": Text(ja="受容の期限切れ", en="acceptance has run out"),
    "not-accepted": Text(ja="受容の記録なし", en="accepted by nobody"),
}
STATE_MARKS: Mapping[AcceptanceState, Mark] = {"accepted": "", "expired": "alarm", "not-accepted": "alarm"}

# What needs a person now, and what a person should know.
RESULT_MARKS: Mapping[Result, Mark] = {
    Result.PATCHED: "",
    Result.UNCHANGED: "",
    Result.SKIPPED: "warning",
    Result.ROLLED_BACK: "warning",
    Result.FAILED: "alarm",
    Result.UNREACHABLE: "alarm",
    Result.DECISION_NEEDED: "alarm",
}
