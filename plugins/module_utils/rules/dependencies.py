"""E-09: dependencies lead somewhere: no system needs, over others, itself."""

from __future__ import annotations

from ansible_collections.kyotsu.platform.plugins.module_utils.model.estate import Estate
from ansible_collections.kyotsu.platform.plugins.module_utils.model.system import Text
from ansible_collections.kyotsu.platform.plugins.module_utils.rules.context import Context, Findings


def check(estate: Estate, context: Context) -> Findings:
    """One finding per circle, at the dependency by which its first system enters it."""
    places = {system.id: index for index, system in enumerate(estate.systems)}
    needs = {
        system.id: [part.system for part in system.depends_on if part.system in places] for system in estate.systems
    }
    for circle in circles(needs):
        first, second = circle[0], circle[1 % len(circle)]
        index = places[first]
        number = next(n for n, part in enumerate(estate.systems[index].depends_on) if part.system == second)
        way = " -> ".join((*circle, first))
        yield context.finding(
            "E-09",
            ("systems", index, "depends_on", number),
            first,
            Text(en=f"{first}: depends on itself: {way}", ja=f"{first}: 依存関係が循環しています: {way}"),
            Text(
                en="remove the dependency of this circle that is not needed to start",
                ja="起動に必要でない依存をこの循環から1つ削除してください",
            ),
        )


def circles(needs: dict[str, list[str]]) -> list[tuple[str, ...]]:
    """Circles met on a walk over all nodes, each told once, smallest name first. No recursion: chains are long."""
    done: set[str] = set()
    found: dict[frozenset[str], tuple[str, ...]] = {}
    for start in needs:
        way: list[str] = []
        stack: list[tuple[str, bool]] = [(start, False)]
        while stack:
            node, leaving = stack.pop()
            if leaving:
                way.pop()
                done.add(node)
            elif node in way:
                circle = way[way.index(node) :]
                at = circle.index(min(circle))
                found.setdefault(frozenset(circle), (*circle[at:], *circle[:at]))
            elif node not in done:
                way.append(node)
                stack.append((node, True))
                stack.extend((following, False) for following in reversed(needs[node]))
    return list(found.values())
