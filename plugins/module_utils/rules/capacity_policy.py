"""K-05: what the usage report judges by can come true."""

from __future__ import annotations

from ansible_collections.kyotsu.platform.plugins.module_utils.document import Keys
from ansible_collections.kyotsu.platform.plugins.module_utils.model.estate import Estate
from ansible_collections.kyotsu.platform.plugins.module_utils.model.system import Text
from ansible_collections.kyotsu.platform.plugins.module_utils.rules.context import Context, Findings

_DAYS_OF_WEEK = 7


def check(estate: Estate, context: Context) -> Findings:
    """Low is less than target, target less than high, and no more days are needed than are looked at."""
    policy = estate.platform.capacity
    sizing, idle, forecast = policy.right_sizing, policy.idle, policy.forecast
    for what, low, target, high in (
        ("cpu", sizing.cpu_low_percent, sizing.cpu_target_percent, sizing.cpu_high_percent),
        ("memory", sizing.memory_low_percent, sizing.memory_target_percent, sizing.memory_high_percent),
    ):
        if not low < target < high:
            yield context.finding(
                "K-05",
                ("capacity", "right_sizing", f"{what}_target_percent"),
                "right_sizing",
                Text(
                    en=f"{what}: low {low}, target {target} and high {high} percent do not rise",
                    ja=f"{what}: low {low} ％、target {target} ％、high {high} ％ がこの順に大きくなっていません",
                ),
                Text(
                    en="let low be less than target, and target less than high", ja="low < target < high としてください"
                ),
            )
    weeks = forecast.history_days // _DAYS_OF_WEEK
    needs: tuple[tuple[Keys, str, int, int], ...] = (
        (("capacity", "right_sizing", "minimum_days"), "days", sizing.minimum_days, policy.use_days),
        (("capacity", "idle", "minimum_days"), "days", idle.minimum_days, policy.use_days),
        (("capacity", "forecast", "minimum_weeks"), "weeks", forecast.minimum_weeks, weeks),
    )
    for keys, unit, needed, there in needs:
        if needed > there:
            unit_ja = "日" if unit == "days" else "週"
            yield context.finding(
                "K-05",
                keys,
                str(keys[1]),
                Text(
                    en=f"{keys[1]}: {needed} {unit} are needed, and only {there} are looked at",
                    ja=f"{keys[1]}: {needed} {unit_ja}を必要としますが、{there} {unit_ja}しか参照しません",
                ),
                Text(en="ask for less, or look further back", ja="必要な期間を短くするか、参照期間を延ばしてください"),
            )
