"""How each physical medium is treated at its end: by the highest classification that ever lay on it (rule D-04). Pure.

A disk of an array holds parts of many machines, and deleting a disk file erases nothing (rule D-02): what counts is
everything that was ever placed on the medium, not what lies there today. Media that carried data of the individual
number segment are destroyed, whatever their classification (rule D-01).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Literal

from ansible_collections.kyotsu.platform.plugins.module_utils.model.system import Text
from ansible_collections.kyotsu.platform.plugins.module_utils.retirement.guards import Medium

MYNUMBER = "mynumber"
Method = Literal["destroy", "purge"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Placement:
    """That data of a system lay on a medium (serial of a disk, barcode of a tape) from a day on."""

    serial: str
    system: str
    segment: str
    confidentiality: str
    since: date


@dataclass(frozen=True, slots=True, kw_only=True)
class Treatment:
    """What must be done with one medium, and because of which system."""

    serial: str
    method: Method
    confidentiality: str
    because: str  # the system whose data decides
    reason: Text


@dataclass(frozen=True, slots=True, kw_only=True)
class Returned:
    """One line of the contractor's certificate."""

    serial: str
    treatment: str  # "destroyed" | "purged"
    performed_on: date


def treatments(
    placements: Iterable[Placement], order: Sequence[str], destroy_from: str = "3A"
) -> tuple[Treatment, ...]:
    """One treatment per medium, by serial. `order` is the table of classes, highest first (platform/policy.yml).

    Destroyed is what ever carried the individual number segment, or a class of `destroy_from` or above. A class that
    the table does not know counts as the highest: nobody has said that it is less.
    """
    by_serial: dict[str, list[Placement]] = {}
    for each in placements:
        by_serial.setdefault(each.serial, []).append(each)
    return tuple(_treatment(by_serial[serial], order, destroy_from) for serial in sorted(by_serial))


def _rank(value: str, order: Sequence[str]) -> int:
    return order.index(value) if value in order else -1


def _treatment(placed: list[Placement], order: Sequence[str], destroy_from: str) -> Treatment:
    # Of several that weigh the same the first one placed is named, so that the sheet stays the same.
    numbers = sorted((each for each in placed if each.segment == MYNUMBER), key=lambda each: (each.since, each.system))
    highest = min(placed, key=lambda each: (_rank(each.confidentiality, order), each.since, each.system))
    if numbers:
        first = numbers[0]
        return Treatment(
            serial=first.serial,
            method="destroy",
            confidentiality=highest.confidentiality,
            because=first.system,
            reason=Text(
                en=f"carried data of the individual number segment ({first.system}, since {first.since})",
                ja=f"個人番号利用事務系のデータを保持した（{first.system}、{first.since} から）",
            ),
        )
    must = _rank(highest.confidentiality, order) <= _rank(destroy_from, order)
    return Treatment(
        serial=highest.serial,
        method="destroy" if must else "purge",
        confidentiality=highest.confidentiality,
        because=highest.system,
        reason=Text(
            en=f"highest classification ever on it: {highest.confidentiality} ({highest.system})",
            ja=f"保持した最高の自治体機密性: {highest.confidentiality}（{highest.system}）",
        ),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Reconciliation:
    """The certificate against the worklist and the asset list (rule D-03)."""

    media: tuple[Medium, ...]  # every medium of the worklist with what the certificate says of it
    unknown: tuple[str, ...]  # serials of the certificate that are not on the asset list
    unexpected: tuple[str, ...]  # on the asset list, but nobody asked for their treatment
    twice: tuple[str, ...]  # serials that the certificate names more than once

    @property
    def is_complete(self) -> bool:
        """Whether every medium was treated as it must be and the certificate names nothing else."""
        treated = all(
            each.on_asset_list
            and each.treatment is not None
            and (each.treatment == "destroyed" or not each.must_destroy)
            for each in self.media
        )
        return treated and not (self.unknown or self.unexpected or self.twice)


def reconcile(worklist: Iterable[Treatment], returned: Sequence[Returned], assets: Iterable[str]) -> Reconciliation:
    """Compare by serial, as printed: case and spaces count, for a similar serial is another disk."""
    known = set(assets)
    wanted = {each.serial: each for each in worklist}
    serials = [each.serial for each in returned]
    done = {each.serial: each.treatment for each in returned}
    return Reconciliation(
        media=tuple(
            Medium(
                serial=serial,
                treatment=done.get(serial),
                must_destroy=each.method == "destroy",
                on_asset_list=serial in known,
            )
            for serial, each in sorted(wanted.items())
        ),
        unknown=tuple(sorted({each for each in serials if each not in known})),
        unexpected=tuple(sorted({each for each in serials if each in known and each not in wanted})),
        twice=tuple(sorted({each for each in serials if serials.count(each) > 1})),
    )
