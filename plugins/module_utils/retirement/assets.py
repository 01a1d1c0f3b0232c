"""The asset list (資産台帳) and the lines of a contractor's certificate, as CSV that a person can check. Pure.

Asset list: `serial,kind,equipment,datastores`; kind disk or tape, equipment an id of platform/equipment.yml,
datastores the names of those that lie on the disk, or empty for all of the equipment. Certificate:
`serial,treatment,performed_on`; treatment destroyed or purged, the day as YYYY-MM-DD.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from ansible_collections.kyotsu.platform.plugins.module_utils.retirement.media import Returned

ASSET_COLUMNS = ("serial", "kind", "equipment", "datastores")
CERTIFICATE_COLUMNS = ("serial", "treatment", "performed_on")
TREATMENTS = ("destroyed", "purged")


class ListUnreadable(Exception):
    """A line of a list is not what it must be; the message names it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Asset:
    """One physical medium. `datastores` empty: it may carry any part of its equipment."""

    serial: str
    kind: str  # disk | tape
    equipment: str
    datastores: frozenset[str]


def read_assets(text: str, name: str) -> tuple[Asset, ...]:
    """The asset list. Raises ListUnreadable, also for a serial that stands twice."""
    found: dict[str, Asset] = {}
    for line, row in _rows(text, name, ASSET_COLUMNS):
        serial = row["serial"]
        if serial in found:
            raise ListUnreadable(f"{name}:{line}: serial {serial} stands there twice")
        if row["kind"] not in {"disk", "tape"}:
            raise ListUnreadable(f"{name}:{line}: kind is '{row['kind']}', write disk or tape")
        if not row["equipment"]:
            raise ListUnreadable(f"{name}:{line}: no equipment; write its id of platform/equipment.yml")
        found[serial] = Asset(
            serial=serial,
            kind=row["kind"],
            equipment=row["equipment"],
            datastores=frozenset(row["datastores"].split()),
        )
    return tuple(found.values())


def read_returned(text: str, name: str) -> tuple[Returned, ...]:
    """The lines of a certificate; a serial that stands twice is told by the reconciliation."""
    found = []
    for line, row in _rows(text, name, CERTIFICATE_COLUMNS):
        if row["treatment"] not in TREATMENTS:
            raise ListUnreadable(f"{name}:{line}: treatment is '{row['treatment']}', write destroyed or purged")
        try:
            day = date.fromisoformat(row["performed_on"])
        except ValueError:
            raise ListUnreadable(f"{name}:{line}: '{row['performed_on']}' is no day; write YYYY-MM-DD") from None
        found.append(Returned(serial=row["serial"], treatment=row["treatment"], performed_on=day))
    return tuple(found)


def _rows(text: str, name: str, columns: tuple[str, ...]) -> Iterator[tuple[int, dict[str, str]]]:
    reader = csv.DictReader(io.StringIO(text.removeprefix("\ufeff")), strict=True)
    if tuple(reader.fieldnames or ()) != columns:
        raise ListUnreadable(f"{name}:1: the first line must be {','.join(columns)}")
    try:
        for row in reader:
            if None in row or None in row.values():
                raise ListUnreadable(f"{name}:{reader.line_num}: not {len(columns)} columns")
            values = {key: value.strip() if key != "serial" else value for key, value in row.items()}
            if not values["serial"].strip():
                raise ListUnreadable(f"{name}:{reader.line_num}: no serial")
            yield reader.line_num, values
    except csv.Error as error:
        raise ListUnreadable(f"{name}:{reader.line_num + 1}: {error}") from None
