"""What people scanned: lines of a hand scanner or a CSV file, read forgivingly and never silently. Pure.

A hand scanner types what it reads, one barcode a line: the case, its seal, then its tapes. With a Japanese input
method switched on it types full-width characters; they are read as what they mean. A CSV file has the columns tape,
case and seal.
"""

from __future__ import annotations

import csv
import io
import re
import unicodedata
from dataclasses import dataclass

from ansible_collections.kyotsu.platform.plugins.module_utils.custody.pools import BARCODE

CASE = re.compile(r"CASE-[A-Z0-9-]{1,20}")
SEAL = re.compile(r"SEAL-[A-Z0-9-]{1,20}|NOSEAL")
NO_SEAL = "NOSEAL"
COLUMNS = ("tape", "case", "seal")
MOST_BYTES = 1_000_000


class ScanRefused(Exception):
    """A scan that cannot be read at all; the message names the line and what to do."""


@dataclass(frozen=True, slots=True)
class Scanned:
    """One tape that somebody scanned; `seal` is NOSEAL where the case was found open."""

    tape: str
    case: str
    seal: str
    line: int


@dataclass(frozen=True, slots=True)
class Scan:
    """A whole scan: tapes in their order (each once), and the lines that are no barcode of ours."""

    tapes: tuple[Scanned, ...]
    unread: tuple[tuple[int, str], ...]
    repeated: int = 0


def read_scan(content: bytes) -> Scan:
    """Read a CSV file (first line: tape,case,seal in any order) or the lines of a hand scanner; ScanRefused else."""
    if len(content) > MOST_BYTES:
        raise ScanRefused(f"the scan has {len(content)} bytes, more than {MOST_BYTES}: is it the right file?")
    text = _decode(content)
    lines = [unicodedata.normalize("NFKC", line).strip() for line in text.splitlines()]
    first = next((line for line in lines if line), "")
    if not first:
        raise ScanRefused("the scan is empty: scan the case, its seal and its tapes")
    header = [name.strip().lower() for name in re.split(r"[,;\t]", first)]
    if "tape" in header:
        return _read_table(lines, header)
    return _read_lines(lines)


def _decode(content: bytes) -> str:
    # Excel writes CSV in UTF-8 with a mark, or in the Windows code page.
    for encoding in ("utf-8-sig", "cp932"):
        try:
            return content.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise ScanRefused("the scan is neither UTF-8 nor Shift_JIS text: save it as CSV (UTF-8)")


def _read_table(lines: list[str], header: list[str]) -> Scan:
    missing = [name for name in COLUMNS if name not in header]
    if missing:
        raise ScanRefused(f"line 1: the column {', '.join(missing)} is missing; columns are {', '.join(COLUMNS)}")
    found = _Found()
    delimiter = next(each for each in ",;\t" if each in next(line for line in lines if line))
    started = False
    for number, line in enumerate(lines, 1):
        if not line:
            continue
        if not started:
            started = True
            continue
        cells = next(csv.reader(io.StringIO(line), delimiter=delimiter))
        if len(cells) != len(header):
            found.unread.append((number, line))
            continue
        row = {name: cell.strip().upper() for name, cell in zip(header, cells, strict=True)}
        case_known = not row["case"] or CASE.fullmatch(row["case"])
        seal_known = not row["seal"] or SEAL.fullmatch(row["seal"])
        if not (BARCODE.fullmatch(row["tape"]) and case_known and seal_known):
            found.unread.append((number, line))
            continue
        found.add(Scanned(row["tape"], row["case"], row["seal"] or NO_SEAL, number))
    return found.scan()


def _read_lines(lines: list[str]) -> Scan:
    found = _Found()
    case, seal = "", NO_SEAL
    for number, line in enumerate(lines, 1):
        code = line.upper().strip("*")  # some scanners send the start and stop characters of Code 39
        if not code:
            continue
        if CASE.fullmatch(code):
            case, seal = code, NO_SEAL
        elif SEAL.fullmatch(code):
            seal = code
        elif BARCODE.fullmatch(code):
            found.add(Scanned(code, case, seal, number))
        else:
            found.unread.append((number, line))
    return found.scan()


class _Found:
    def __init__(self) -> None:
        self.tapes: dict[tuple[str, str], Scanned] = {}
        self.unread: list[tuple[int, str]] = []
        self.repeated = 0

    def add(self, scanned: Scanned) -> None:
        key = (scanned.tape, scanned.case)
        if key in self.tapes:
            self.repeated += 1  # a hand scanner often reads twice
            return
        self.tapes[key] = scanned

    def scan(self) -> Scan:
        return Scan(tuple(self.tapes.values()), tuple(self.unread), self.repeated)
