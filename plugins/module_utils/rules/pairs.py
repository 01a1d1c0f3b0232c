"""E-08: a pair is one: at least two machines, and a cluster with a host for each of them."""

from __future__ import annotations

from ansible_collections.kyotsu.platform.plugins.module_utils.model.estate import Estate, status_of
from ansible_collections.kyotsu.platform.plugins.module_utils.model.system import Text
from ansible_collections.kyotsu.platform.plugins.module_utils.rules.context import Context, Findings


def check(estate: Estate, context: Context) -> Findings:
    """Pairs of each system, retired machines left out."""
    for index, system in enumerate(estate.systems):
        pairs: dict[str, list[int]] = {}
        for number, machine in enumerate(system.machines):
            if machine.pair is not None and status_of(system, machine) != "retired":
                pairs.setdefault(machine.pair, []).append(number)
        cluster = estate.cluster_by_name.get(system.cluster)
        for pair, numbers in pairs.items():
            keys = ("systems", index, "machines", numbers[0], "pair")
            names = ", ".join(system.machines[number].name for number in numbers)
            if len(numbers) < 2:
                yield context.finding(
                    "E-08",
                    keys,
                    names,
                    Text(
                        en=f'{names}: the only machine of the pair "{pair}"',
                        ja=f"{names}: 組「{pair}」の仮想サーバが1台しかありません",
                    ),
                    Text(
                        en="give the other machine the same pair, or remove the field",
                        ja="相手の仮想サーバにも同じ pair を書くか、この項目を削除してください",
                    ),
                )
            elif cluster is not None and len(cluster.hosts) < len(numbers):
                yield context.finding(
                    "E-08",
                    keys,
                    system.machines[numbers[0]].name,
                    Text(
                        en=f'{names}: the pair "{pair}" needs {len(numbers)} hosts, '
                        f"{cluster.name} has {len(cluster.hosts)}",
                        ja=f"{names}: 組「{pair}」には {len(numbers)} 台のホストが必要ですが、"
                        f"{cluster.name} は {len(cluster.hosts)} 台です",
                    ),
                    Text(
                        en="make the pair smaller or take a larger cluster",
                        ja="組を小さくするか、ホストの多いクラスタにしてください",
                    ),
                )
