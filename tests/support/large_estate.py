"""Many system files, made from one of the small estate: what the validation has to bear."""

from __future__ import annotations

from ipaddress import IPv4Address
from pathlib import Path

from tests.support.small_estate import S02, S13, VDI, copy_small, edit

MACHINES_PER_SYSTEM = 3
FIRST = IPv4Address("198.19.0.11")


def make_large(target: Path, systems: int) -> Path:
    """A valid estate of that many systems with three machines each, and room for them; up to 17,576 systems."""
    repository = copy_small(target)
    template = (repository / S02).read_text(encoding="utf-8")
    for old, new in (
        *((f"198.19.0.{64 + offset}", f"ADDRESS-{offset}") for offset in range(MACHINES_PER_SYSTEM)),
        ("slug: public-assistance\n", ""),
        ("kind: hosted\nreport_number: 2\n", "kind: infrastructure\nequipment_name: 情報基盤サーバ機器等\n"),
        ("  - {system: s13, reason: {ja: コード, en: Codes}}\n", ""),
    ):
        assert old in template
        template = template.replace(old, new)
    for file in (S02, S13, VDI):
        (repository / file).unlink()
    flows = repository / "platform/flows.yml"
    text = flows.read_text(encoding="utf-8")
    flows.write_text(text[: text.index("  - id: s02-codes")], encoding="utf-8")  # those of machines that are gone
    for number in range(systems):
        name = system_id(number)
        text = template.replace("s02-payment", "S02").replace("s02", name).replace("S02", "s02-payment")
        for offset in range(MACHINES_PER_SYSTEM):
            address = FIRST + number * MACHINES_PER_SYSTEM + offset
            text = text.replace(f"ADDRESS-{offset}", str(address))
        (repository / "systems" / f"{name}.yml").write_text(text, encoding="utf-8")
    _make_room(repository, systems)
    return repository


def system_id(number: int) -> str:
    """infra-aaa, infra-aab, …: ids of this kind are letters."""
    letters = "".join(chr(ord("a") + number // 26**power % 26) for power in (2, 1, 0))
    return f"infra-{letters}"


def _make_room(repository: Path, systems: int) -> None:
    last = FIRST + (systems + 1) * MACHINES_PER_SYSTEM
    networks = "platform/networks.yml"
    edit(repository, networks, "cidr: 198.19.0.0/24", "cidr: 198.19.0.0/17")
    edit(repository, networks, "end: 198.19.0.254", f"end: {last}")
    _repeat(repository, "platform/clusters.yml", "- {name: esx12, ", ("esx12", "B2"), systems // 6 + 1)
    for name in ("standard", "fast"):
        _repeat(repository, "platform/storage.yml", f"- {{name: mynumber-{name}-01,", (f"{name}-01",), systems // 3 + 1)


def _repeat(repository: Path, file: str, start: str, names: tuple[str, ...], times: int) -> None:
    """Write an entry of a list that many times more, its names made different."""
    text = (repository / file).read_text(encoding="utf-8")
    begin = text.index(start)
    end = text.index("}\n", begin) + 2
    entry = text[begin:end]
    copies = []
    for number in range(times):
        copy = entry
        for name in names:
            copy = copy.replace(name, f"{name}-{number}")
        copies.append(copy)
    edit(repository, file, entry, ("      " if "esx" in start else "  ").join([entry, *copies]))
