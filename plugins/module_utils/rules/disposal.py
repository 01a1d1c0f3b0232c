"""D-01 and D-04: how the media of an equipment are treated at its end follows what lay on them."""

from __future__ import annotations

from ansible_collections.kyotsu.platform.plugins.module_utils.findings import Finding
from ansible_collections.kyotsu.platform.plugins.module_utils.model.estate import Estate
from ansible_collections.kyotsu.platform.plugins.module_utils.model.platform import Equipment
from ansible_collections.kyotsu.platform.plugins.module_utils.model.system import Text
from ansible_collections.kyotsu.platform.plugins.module_utils.rules.classification import is_above
from ansible_collections.kyotsu.platform.plugins.module_utils.rules.context import Context, Findings

_DESTROYED = "physical-destruction"


def check_destruction(estate: Estate, context: Context) -> Findings:
    """D-01: equipment that carries an isolated segment is destroyed at its end, leased or not."""
    isolated = {segment.id for segment in estate.platform.segments if segment.exposure == "isolated"}
    for index, equipment in enumerate(estate.platform.equipment):
        carried = sorted(_segments(estate, equipment) & isolated)
        disposal = equipment.disposal
        if not carried or (disposal is not None and disposal.method == _DESTROYED):
            continue
        method = disposal.method if disposal else None
        yield context.finding(
            "D-01",
            ("equipment", index, "disposal"),
            equipment.id,
            Text(
                en=f"{equipment.id}: carries {', '.join(carried)}, and its media are to be treated by "
                f"{method or 'nothing that is written down'}",
                ja=f"{equipment.name}: {', '.join(carried)} 系の機器ですが、媒体の処分方法は {method or '未定'} です",
            ),
            Text(
                en=f"have the contract include {_DESTROYED} before a witness, and write it under disposal",
                ja="契約に立会いのもとでの物理破壊を含め、disposal に記録してください",
            ),
        )


def check_highest(estate: Estate, context: Context) -> Findings:
    """D-04: the class that an equipment is treated by is not below that of any system on it, gone ones too."""
    order = estate.platform.classification.confidentiality
    for index, equipment in enumerate(estate.platform.equipment):
        recorded = equipment.disposal.highest_confidentiality if equipment.disposal else None
        placed = [
            system
            for system in estate.systems
            if system.cluster in estate.cluster_by_name
            and estate.cluster_by_name[system.cluster].equipment == equipment.id
        ]
        for system in placed:
            if recorded is not None and is_above(order, system.classification.confidentiality, recorded):
                because = Text(en=system.id, ja=system.id)
                value = system.classification.confidentiality
                yield _too_low(context, index, equipment, recorded=recorded, value=value, because=because)
                break


def check_lowered(before: Estate, after: Estate, context: Context) -> Findings:
    """D-04, of a change: what once lay on a disk stays in its history."""
    order = after.platform.classification.confidentiality
    then = {item.id: item.disposal for item in before.platform.equipment}
    for index, equipment in enumerate(after.platform.equipment):
        was, now = then.get(equipment.id), equipment.disposal
        if was is None or now is None:
            continue
        if is_above(order, was.highest_confidentiality, now.highest_confidentiality):
            because = Text(en="its record before this change", ja="この変更の前の記録")
            recorded, value = now.highest_confidentiality, was.highest_confidentiality
            yield _too_low(context, index, equipment, recorded=recorded, value=value, because=because)


def _too_low(
    context: Context, index: int, equipment: Equipment, *, recorded: str, value: str, because: Text
) -> Finding:
    return context.finding(
        "D-04",
        ("equipment", index, "disposal"),
        equipment.id,
        Text(
            en=f"{equipment.id}: to be treated by confidentiality {recorded}, but {value} lay on it ({because.en})",
            ja=f"{equipment.name}: 機密性{recorded}の記録ですが、機密性{value}を載せています（{because.ja}）",
        ),
        Text(
            en=f"write highest_confidentiality: {value}; it never goes down",
            ja=f"highest_confidentiality を {value} にしてください（下げることはありません）",
        ),
    )


def _segments(estate: Estate, equipment: Equipment) -> set[str]:
    """Segments that an equipment carries: those of its clusters and of the systems on them."""
    clusters = {cluster.name: cluster for cluster in estate.platform.clusters if cluster.equipment == equipment.id}
    shared = {
        segment
        for cluster in clusters.values()
        for segment in (cluster.shared_segments.segments if cluster.shared_segments else ())
    }
    carried = {system.segment for system in estate.systems if system.cluster in clusters}
    return {cluster.segment for cluster in clusters.values()} | shared | carried
