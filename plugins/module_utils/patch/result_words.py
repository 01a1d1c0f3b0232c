"""Words of a machine's result in both languages; a test proves that none is missing."""

from __future__ import annotations

from collections.abc import Mapping

from ansible_collections.kyotsu.platform.plugins.module_utils.model.system import Text
from ansible_collections.kyotsu.platform.plugins.module_utils.patch.outcome import Result

RESULTS: Mapping[Result, Text] = {
    Result.PATCHED: Text(ja="適用済", en="patched"),
    Result.UNCHANGED: Text(ja="変更なし", en="nothing to do"),
    Result.SKIPPED: Text(ja="見送り", en="skipped"),
    Result.FAILED: Text(ja="失敗", en="failed"),
    Result.UNREACHABLE: Text(ja="応答なし", en="unreachable"),
    Result.ROLLED_BACK: Text(ja="切戻し済", en="rolled back"),
    Result.DECISION_NEEDED: Text(ja="切戻し判断待ち", en="waits for a decision"),
}
