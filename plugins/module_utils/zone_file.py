"""A zone file that is there and the zone that is wanted: whose records change, and the serial of the result. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from ipaddress import IPv4Address

from ansible_collections.kyotsu.platform.plugins.module_utils.zones import Zone

_SERIAL = re.compile(r"^@ IN SOA \S+ \S+ (\d+) ", re.MULTILINE)
_FIRST_RECORD = 4  # below comment, origin, time to live and SOA record
_HIGHEST_SERIAL = 2**32 - 1


class ZoneFileError(Exception):
    """A file that this repository has not written; the message says what to do."""


def machine_of(line: str, zone: Zone) -> str | None:
    """Name of the machine to which a record belongs; None for the name servers, which belong to the segment."""
    owner, _, kind, value = line.split()
    if kind == "A":
        return None if f"@ IN NS {owner}.{zone.origin}." in zone.records else owner
    if kind == "PTR":
        return value.partition(".")[0]
    return value if kind == "CNAME" else None


def merged(wanted: Zone, found: str | None, changing: Callable[[str], bool]) -> Zone:
    """The wanted records of machines that `changing` says yes to; of all others what stands in the file.

    Raises:
        ZoneFileError: `found` is no zone file of this repository.
    """
    fresh = [line for line in wanted.records if _is(line, wanted, changing)]
    kept = [] if found is None else [line for line in _records(found) if not _is(line, wanted, changing)]
    return replace(wanted, records=tuple(sorted([*fresh, *kept], key=lambda line: _order(line, wanted))))


def without(zone: str, machines: Callable[[str], bool]) -> list[str]:
    """Records of a zone file but those of some machines, whatever is described today."""
    origin = _origin(zone)
    lines = _records(zone)
    known = Zone(segment="", name="", origin=origin, records=tuple(lines))
    return [line for line in lines if (name := machine_of(line, known)) is None or not machines(name)]


def written(zone: Zone, found: str | None, today: date) -> str:
    """The text of the zone file: the same as found if its records are, else with a serial that is higher."""
    if found is not None and zone.text(_serial(found)) == found:
        return found
    return zone.text(next_serial(found, today))


def reduced(found: str, machines: Callable[[str], bool], today: date) -> str:
    """The text of a zone file without the records of some machines; the same if it has none of them."""
    lines, left = _records(found), without(found, machines)
    if lines == left:
        return found
    head = "\n".join(found.splitlines()[:_FIRST_RECORD])
    return "\n".join([_SERIAL.sub(lambda match: _renumbered(match, next_serial(found, today)), head), *left]) + "\n"


def next_serial(found: str | None, today: date) -> int:
    """YYYYMMDD00, as is usual; more where the file has that or a higher one, since a serial only ever rises."""
    usual = int(f"{today:%Y%m%d}00")
    return usual if found is None else max(usual, min(_serial(found) + 1, _HIGHEST_SERIAL))


def _is(line: str, zone: Zone, changing: Callable[[str], bool]) -> bool:
    name = machine_of(line, zone)
    return name is None or changing(name)


def _order(line: str, zone: Zone) -> tuple[int, int, str]:
    """Name servers, then machines by address, then short names."""
    owner, _, kind, value = line.split()
    rank = {"NS": 0, "A": 1 if machine_of(line, zone) is None else 2, "PTR": 2, "CNAME": 3}[kind]
    number = int(IPv4Address(value)) if kind == "A" and rank == 2 else int(owner) if kind == "PTR" else 0
    return rank, number, line


def _records(text: str) -> list[str]:
    _serial(text)
    lines = text.splitlines()[_FIRST_RECORD:]
    for line in lines:
        if not re.fullmatch(r"\S+ IN (NS|A|PTR|CNAME) \S+", line):
            raise ZoneFileError(
                f"a record that this repository does not write: {line!r}; remove the file and run again"
            )
    return lines


def _serial(text: str) -> int:
    found = _SERIAL.search(text)
    if found is None or text.splitlines()[_FIRST_RECORD - 1 :][:1] != [text[found.start() :].splitlines()[0]]:
        raise ZoneFileError("no zone file of this repository; move it away and run again")
    return int(found.group(1))


def _origin(text: str) -> str:
    """Origin of the segment's names, from the contact of the SOA record."""
    return text.splitlines()[_FIRST_RECORD - 1].split()[4].removeprefix("hostmaster.").removesuffix(".")


def _renumbered(match: re.Match[str], serial: int) -> str:
    return match.group(0).replace(f" {match.group(1)} ", f" {serial} ")
