"""L-05: the model of the three-layer separation is written down with its basis."""

from __future__ import annotations

from ansible_collections.kyotsu.platform.plugins.module_utils.model.estate import Estate
from ansible_collections.kyotsu.platform.plugins.module_utils.model.system import Text
from ansible_collections.kyotsu.platform.plugins.module_utils.rules.context import Context, Findings


def check(estate: Estate, context: Context) -> Findings:
    """One finding where platform/estate.yml does not name the model."""
    if estate.platform.estate.separation is None:
        yield context.finding(
            "L-05",
            ("estate",),
            "estate",
            Text(
                en="the model of the three-layer separation (α, α', β, β') is not recorded",
                ja="三層分離のモデル（α、α'、β、β'）が記録されていません",
            ),
            Text(
                en="write separation: model, basis and reason, in platform/estate.yml",
                ja="platform/estate.yml に separation（model、basis、reason）を書いてください",
            ),
        )
