"""K-04: every bill is split once and wholly."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence

from ansible_collections.kyotsu.platform.plugins.module_utils.document import Keys
from ansible_collections.kyotsu.platform.plugins.module_utils.model.capacity import (
    Tariff,
    TierRate,
    TierWeight,
)
from ansible_collections.kyotsu.platform.plugins.module_utils.model.estate import Estate, status_of
from ansible_collections.kyotsu.platform.plugins.module_utils.model.system import Text
from ansible_collections.kyotsu.platform.plugins.module_utils.rules.context import Context, Findings

_WHOLE_PERCENT = 100


def check(estate: Estate, context: Context) -> Findings:
    """The keys of a split come to 100 percent, no day of one equipment has two tariffs, and no tier counts unsaid."""
    earlier: dict[str, Tariff] = {}
    used = _tiers_in_use(estate)
    tariffs = sorted(enumerate(estate.platform.tariffs), key=lambda item: (item[1].equipment, item[1].valid_from))
    for index, tariff in tariffs:
        if tariff.keys is not None:
            keys = tariff.keys
            total = keys.machine_percent + keys.cpu_percent + keys.memory_percent + keys.storage_percent
            if total != _WHOLE_PERCENT:
                yield context.finding(
                    "K-04",
                    ("tariffs", index, "keys"),
                    tariff.equipment,
                    Text(
                        en=f"{tariff.equipment}: the keys come to {total} percent of the bill",
                        ja=f"{tariff.equipment}: 按分の内訳の合計が {total} ％です",
                    ),
                    Text(en="make them come to 100", ja="合計を 100 にしてください"),
                )
            yield from _tiers(context, tariff, ("tariffs", index, "keys", "tier_weights"), keys.tier_weights)
        if tariff.rates is not None:
            yield from _tiers(context, tariff, ("tariffs", index, "rates", "storage"), tariff.rates.storage)
        yield from _unsaid(context, tariff, index, used[tariff.equipment])
        before = earlier.get(tariff.equipment)
        if before is not None and tariff.valid_from <= before.valid_to:
            yield context.finding(
                "K-04",
                ("tariffs", index, "valid_from"),
                tariff.equipment,
                Text(
                    en=f"{tariff.equipment}: begins on {tariff.valid_from}, while another tariff holds until "
                    f"{before.valid_to}",
                    ja=f"{tariff.equipment}: {tariff.valid_from} に始まりますが、"
                    f"別の料金表が {before.valid_to} まで有効です",
                ),
                Text(en="let one end before the other begins", ja="一方が終わってから他方が始まるようにしてください"),
            )
        if before is None or tariff.valid_to > before.valid_to:
            earlier[tariff.equipment] = tariff


def _tiers(context: Context, tariff: Tariff, keys: Keys, tiers: Sequence[TierWeight | TierRate]) -> Findings:
    """A tier has one weight or price."""
    seen: set[str] = set()
    for number, each in enumerate(tiers):
        if each.tier in seen:
            yield context.finding(
                "K-04",
                (*keys, number, "tier"),
                tariff.equipment,
                Text(
                    en=f"{tariff.equipment}: the tier {each.tier} is named twice",
                    ja=f"{tariff.equipment}: 階層 {each.tier} が二度書かれています",
                ),
                Text(en="keep one of the two", ja="どちらか一方を残してください"),
            )
        seen.add(each.tier)


def _tiers_in_use(estate: Estate) -> defaultdict[str, dict[str, str]]:
    """By equipment: the tiers on which its systems have storage, each with one of them."""
    used: defaultdict[str, dict[str, str]] = defaultdict(dict)
    known = {tier.id for tier in estate.platform.tiers}
    for system in estate.systems:
        cluster = estate.cluster_by_name.get(system.cluster)
        if cluster is None:
            continue  # of which rule E-04 speaks, as of a tier that does not exist
        running = [machine for machine in system.machines if status_of(system, machine) != "retired"]
        pools = system.desktop_pools if system.status != "retired" else ()
        tiers = [disk.tier for machine in running for disk in machine.disks] + [pool.tier for pool in pools]
        for tier in known.intersection(tiers):
            used[cluster.equipment].setdefault(tier, system.id)
    return used


def _unsaid(context: Context, tariff: Tariff, index: int, used: Mapping[str, str]) -> Findings:
    """A tier without a weight would count like the cheapest, one without a price would cost nothing."""
    if context.is_over(tariff.valid_to):
        return  # a tariff that has ended knows nothing of what was bought since
    if tariff.keys is not None:
        if not tariff.keys.storage_percent:
            return
        named = {each.tier for each in tariff.keys.tier_weights}
        keys: Keys = ("tariffs", index, "keys", "tier_weights")
        lacks = Text(en="no weight", ja="重みがありません")
    else:
        named = {each.tier for each in tariff.rates.storage} if tariff.rates else set()
        keys = ("tariffs", index, "rates", "storage")
        lacks = Text(en="no price", ja="単価がありません")
    for tier, system in sorted(used.items()):
        if tier not in named:
            yield context.finding(
                "K-04",
                keys,
                tariff.equipment,
                Text(
                    en=f"{tariff.equipment}: the tier {tier}, which {system} uses, has {lacks.en}",
                    ja=f"{tariff.equipment}: {system} が使う階層 {tier} に{lacks.ja}",
                ),
                Text(en=f"name {tier} there", ja=f"{tier} を書いてください"),
            )
