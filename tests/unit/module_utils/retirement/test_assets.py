"""Lists that people hand in: what is wrong with one is said with its line."""

from __future__ import annotations

from datetime import date

import pytest

from ansible_collections.kyotsu.platform.plugins.module_utils.retirement.assets import (
    ListUnreadable,
    read_assets,
    read_returned,
)

ASSETS = "serial,kind,equipment,datastores\n"
LINES = "serial,treatment,performed_on\n"


def test_an_asset_list_is_read() -> None:
    (disk, tape) = read_assets(f"{ASSETS}D1,disk,kyotsu,a b\nT1,tape,kyotsu,\n", "assets.csv")
    assert (disk.serial, disk.datastores) == ("D1", frozenset({"a", "b"}))
    assert (tape.kind, tape.datastores) == ("tape", frozenset())


def test_a_byte_order_mark_of_excel_is_no_part_of_the_first_column() -> None:
    assert read_assets(f"\ufeff{ASSETS}D1,disk,kyotsu,\n", "assets.csv")[0].serial == "D1"


def test_a_serial_is_taken_as_it_is_printed() -> None:
    assert read_assets(f"{ASSETS} D1,disk,kyotsu,\n", "assets.csv")[0].serial == " D1"


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("serial,kind\nD1,disk\n", "assets.csv:1: the first line must be serial,kind,equipment,datastores"),
        ("", "assets.csv:1: the first line must be"),
        (f"{ASSETS}D1,disk\n", "assets.csv:2: not 4 columns"),
        (f"{ASSETS}D1,disk,kyotsu,,x\n", "assets.csv:2: not 4 columns"),
        (f"{ASSETS}D1,disc,kyotsu,\n", "assets.csv:2: kind is 'disc', write disk or tape"),
        (f"{ASSETS}D1,disk,,\n", "assets.csv:2: no equipment"),
        (f"{ASSETS} ,disk,kyotsu,\n", "assets.csv:2: no serial"),
        (f"{ASSETS}D1,disk,kyotsu,\nD1,disk,kyotsu,\n", "assets.csv:3: serial D1 stands there twice"),
        (f'{ASSETS}"D1,disk,kyotsu,\n', "assets.csv:2: unexpected end of data"),
    ],
)
def test_a_bad_asset_list_is_refused_with_its_line(text: str, told: str) -> None:
    with pytest.raises(ListUnreadable) as error:
        read_assets(text, "assets.csv")
    assert str(error.value).startswith(told)


def test_the_lines_of_a_certificate_are_read() -> None:
    (line,) = read_returned(f"{LINES}D1,destroyed,2028-02-01\n", "lines.csv")
    assert (line.serial, line.treatment, line.performed_on) == ("D1", "destroyed", date(2028, 2, 1))


@pytest.mark.parametrize(
    ("row", "told"),
    [
        ("D1,erased,2028-02-01", "lines.csv:2: treatment is 'erased', write destroyed or purged"),
        ("D1,destroyed,2028-02-30", "lines.csv:2: '2028-02-30' is no day"),
    ],
)
def test_a_bad_line_of_a_certificate_is_refused(row: str, told: str) -> None:
    with pytest.raises(ListUnreadable) as error:
        read_returned(f"{LINES}{row}\n", "lines.csv")
    assert str(error.value).startswith(told)
