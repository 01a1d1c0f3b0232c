"""Y-01: nothing new is built on what its maker no longer supports; what runs on it is reported with its date."""

from __future__ import annotations

from ansible_collections.kyotsu.platform.plugins.module_utils.document import Keys
from ansible_collections.kyotsu.platform.plugins.module_utils.findings import Finding
from ansible_collections.kyotsu.platform.plugins.module_utils.model.estate import Estate, status_of
from ansible_collections.kyotsu.platform.plugins.module_utils.model.platform import SupportEnd
from ansible_collections.kyotsu.platform.plugins.module_utils.model.system import System, Text
from ansible_collections.kyotsu.platform.plugins.module_utils.rules.context import Context, Findings


def check(estate: Estate, context: Context) -> Findings:
    """One finding per system and image, at its first machine; then the hypervisors of the clusters."""
    for index, system in enumerate(estate.systems):
        yield from _of_system(estate, context, index, system)
    hypervisors = {hypervisor.id: hypervisor for hypervisor in estate.platform.hypervisors}
    for index, cluster in enumerate(estate.platform.clusters):
        hypervisor = hypervisors.get(cluster.hypervisor)
        end = counted_end(hypervisor.end_of_support) if hypervisor else None
        if hypervisor is not None and end is not None and end < context.as_of.isoformat():
            keys: Keys = ("clusters", index, "hypervisor")
            yield _finding(context, keys, cluster.name, hypervisor.name, end, is_new=False)


def counted_end(support: SupportEnd) -> str | None:
    """The end that the policy goes by: regular, LTS or extended."""
    return {"regular": support.regular, "lts": support.lts, "extended": support.extended}.get(support.counts)


def _of_system(estate: Estate, context: Context, index: int, system: System) -> Findings:
    used: dict[tuple[str, bool], tuple[Keys, list[str]]] = {}
    for number, machine in enumerate(system.machines):
        status = status_of(system, machine)
        if status != "retired":
            keys: Keys = ("systems", index, "machines", number, "image")
            used.setdefault((machine.image, status == "planned"), (keys, []))[1].append(machine.name)
    for number, pool in enumerate(system.desktop_pools):
        if system.status != "retired":
            keys = ("systems", index, "desktop_pools", number, "image")
            used.setdefault((pool.image, system.status == "planned"), (keys, []))[1].append(pool.name)
    for (image_id, is_new), (keys, things) in used.items():
        image = estate.image_by_id.get(image_id)
        end = counted_end(image.end_of_support) if image else None
        if image is not None and end is not None and end < context.as_of.isoformat():
            yield _finding(context, keys, ", ".join(things), image.name, end, is_new=is_new)


def _finding(context: Context, keys: Keys, things: str, product: str, end: str, *, is_new: bool) -> Finding:
    return context.finding(
        "Y-01",
        keys,
        things.split(",", maxsplit=1)[0],
        Text(
            en=f"{things}: support of {product} ended on {end}",
            ja=f"{things}: {product} のサポートは {end} に終了しました",
        ),
        Text(
            en="build new machines on a supported image" if is_new else "plan the move to a supported version",
            ja="サポート中のイメージで構築してください" if is_new else "サポート中の版への移行を計画してください",
        ),
        only_warn=not is_new,
    )
