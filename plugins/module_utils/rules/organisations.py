"""A-05: organisations form a tree in time: no circles, no child without its parent, no end without an heir."""

from __future__ import annotations

from ansible_collections.kyotsu.platform.plugins.module_utils.findings import Finding
from ansible_collections.kyotsu.platform.plugins.module_utils.model.estate import Estate
from ansible_collections.kyotsu.platform.plugins.module_utils.model.system import Text
from ansible_collections.kyotsu.platform.plugins.module_utils.rules.context import Context, Findings
from ansible_collections.kyotsu.platform.plugins.module_utils.rules.dependencies import circles


def check(estate: Estate, context: Context) -> Findings:
    """Circles of parents and of successors; units beside the life of their parent; ended units without successor."""
    units = {unit.id: unit for unit in estate.platform.organisations}
    places = {unit.id: index for index, unit in enumerate(estate.platform.organisations)}
    for field in ("parent", "successor"):
        links = {name: [link] if (link := getattr(unit, field)) in units else [] for name, unit in units.items()}
        for circle in circles(links):
            way = " -> ".join((*circle, circle[0]))
            yield _finding(
                context,
                places[circle[0]],
                field,
                circle[0],
                Text(en=f"its {field}s run in a circle: {way}", ja=f"{field} が循環しています: {way}"),
            )
    for name, unit in units.items():
        parent = units.get(unit.parent) if unit.parent else None
        if parent is not None and unit.valid_from < parent.valid_from:
            text = Text(
                en=f"exists from {unit.valid_from} on, {parent.id} above it only from {parent.valid_from}",
                ja=f"{unit.valid_from} からですが、上位の {parent.id} は {parent.valid_from} からです",
            )
            yield _finding(context, places[name], "valid_from", name, text)
        if parent is not None and parent.valid_to is not None and (unit.valid_to or "9999") > parent.valid_to:
            text = Text(
                en=f"outlives {parent.id} above it, which ended on {parent.valid_to}",
                ja=f"上位の {parent.id} は {parent.valid_to} に廃止されています",
            )
            yield _finding(context, places[name], "valid_to", name, text)
        if unit.valid_to is not None and unit.successor is None:
            text = Text(
                en=f"ends on {unit.valid_to} without a successor", ja=f"{unit.valid_to} に廃止、後継がありません"
            )
            yield _finding(context, places[name], "valid_to", name, text)


def _finding(context: Context, index: int, field: str, thing: str, message: Text) -> Finding:
    return context.finding(
        "A-05",
        ("organisations", index, field),
        thing,
        Text(en=f"{thing}: {message.en}", ja=f"{thing}: {message.ja}"),
        Text(
            en="correct parent, successor or dates by the ordinance on organisation",
            ja="組織規則に照らして parent・successor・期間を直してください",
        ),
    )
