"""T-03: for each kind of record somebody has said how long it is kept."""

from __future__ import annotations

from ansible_collections.kyotsu.platform.plugins.module_utils.document import Keys
from ansible_collections.kyotsu.platform.plugins.module_utils.model.estate import Estate
from ansible_collections.kyotsu.platform.plugins.module_utils.model.platform import RECORD_KINDS
from ansible_collections.kyotsu.platform.plugins.module_utils.model.system import Text
from ansible_collections.kyotsu.platform.plugins.module_utils.rules.context import Context, Findings


def check(estate: Estate, context: Context) -> Findings:
    """Kinds of records without an entry in platform/policy.yml, or with one that leaves the months open."""
    places = {item.id: index for index, item in enumerate(estate.platform.retention)}
    for kind in RECORD_KINDS:
        index = places.get(kind)
        if index is not None and estate.platform.retention[index].months is not None:
            continue
        keys: Keys = ("retention",) if index is None else ("retention", index, "months")
        yield context.finding(
            "T-03",
            keys,
            kind,
            Text(en=f"{kind}: nobody has said how long it is kept", ja=f"{kind}: 保存期間の定めがありません"),
            Text(
                en="write the months under retention in platform/policy.yml",
                ja="platform/policy.yml の retention に月数を書いてください",
            ),
        )
