"""What people scanned, read forgivingly, and compared with what was ordered."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ansible_collections.kyotsu.platform.plugins.module_utils.custody.reconcile import WHAT_TO_DO, reconcile
from ansible_collections.kyotsu.platform.plugins.module_utils.custody.scans import NO_SEAL, ScanRefused, read_scan

EXPECTED = {"KYT001L8": ("CASE-LG-01", "SEAL-0001"), "KYT002L8": ("CASE-LG-01", "SEAL-0001")}
KNOWN = frozenset({*EXPECTED, "KYT003L8"})
LINES = "CASE-LG-01\nSEAL-0001\nKYT001L8\nKYT002L8\n"
TABLE = "tape,case,seal\nKYT001L8,CASE-LG-01,SEAL-0001\nKYT002L8,CASE-LG-01,SEAL-0001\n"


@pytest.mark.parametrize(
    "content",
    [
        LINES.encode(),
        LINES.replace("\n", "\r\n").encode(),
        "ＣＡＳＥ-ＬＧ-０１\nｓｅａｌ-0001\n＊ＫＹＴ００１Ｌ８＊\nkyt002l8\n".encode(),
        TABLE.encode(),
        b"\xef\xbb\xbf" + TABLE.encode(),
        TABLE.replace(",", ";").encode(),
        TABLE.replace(",", "\t").encode(),
        TABLE.encode("cp932"),
        b"seal,tape,case\nSEAL-0001,KYT001L8,CASE-LG-01\nSEAL-0001,KYT002L8,CASE-LG-01\n",
        (LINES + "KYT001L8\n\n").encode(),
    ],
    ids=[
        "lines",
        "Windows lines",
        "Japanese input method",
        "CSV",
        "mark",
        "semicolons",
        "tabs",
        "Shift_JIS",
        "order",
        "twice",
    ],
)
def test_a_scan_as_ordered_is_clean(content: bytes) -> None:
    result = reconcile(read_scan(content), EXPECTED, KNOWN)
    assert result.clean
    assert result.right == ("KYT001L8", "KYT002L8")


@pytest.mark.parametrize(
    ("content", "kinds"),
    [
        ("CASE-LG-01\nSEAL-0001\nKYT001L8\n", {"missing": "KYT002L8"}),
        (LINES + "KYT003L8\n", {"extra": "KYT003L8"}),
        (LINES + "ABC999L8\n", {"unknown-tape": "ABC999L8"}),
        ("CASE-LG-01\nSEAL-0001\nKYT001L8\nCASE-MN-01\nSEAL-0001\nKYT002L8\n", {"wrong-case": "KYT002L8"}),
        ("CASE-LG-01\nSEAL-0001\nKYT001L8\nNOSEAL\nKYT002L8\n", {"seal-broken": "KYT002L8"}),
        ("CASE-LG-01\nKYT001L8\nSEAL-0001\nKYT002L8\n", {"seal-broken": "KYT001L8"}),
        ("CASE-LG-01\nSEAL-0001\nKYT001L8\nSEAL-0009\nKYT002L8\n", {"wrong-seal": "KYT002L8"}),
        (LINES + "CASE-MN-01\nSEAL-0001\nKYT001L8\n", {"two-cases": "KYT001L8"}),
        (LINES + "4901234567894\n", {"unread": ""}),
        ("KYT001L8\nCASE-LG-01\nSEAL-0001\nKYT002L8\n", {"wrong-case": "KYT001L8"}),
    ],
)
def test_each_difference_is_named_with_what_to_do(content: str, kinds: dict[str, str]) -> None:
    result = reconcile(read_scan(content.encode()), EXPECTED, KNOWN)
    assert {each.kind: each.tape for each in result.discrepancies} == kinds
    assert not result.clean
    for each in result.discrepancies:
        assert each.todo.ja
        assert each.todo.en
        assert each.tape not in result.right


def test_every_kind_has_both_languages() -> None:
    assert all(text.ja and text.en for text in WHAT_TO_DO.values())


def test_a_line_that_is_no_barcode_is_named_by_its_number() -> None:
    assert read_scan(b"CASE-LG-01\nSEAL-0001\nKYT0O1\n").unread == ((3, "KYT0O1"),)
    assert read_scan(b"tape,case,seal\nKYT001L8,CASE-LG-01\n").unread == ((2, "KYT001L8,CASE-LG-01"),)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "the scan is empty"),
        (b" \n\n", "the scan is empty"),
        (b"tape,case\nKYT001L8,CASE-LG-01\n", "column seal is missing"),
        (b"KYT\x81", "neither UTF-8 nor Shift_JIS"),
        (b"K" * 1_000_001, "is it the right file"),
    ],
)
def test_a_file_that_is_no_scan_is_refused(content: bytes, message: str) -> None:
    with pytest.raises(ScanRefused, match=message):
        read_scan(content)


def test_an_open_case_has_no_seal() -> None:
    assert read_scan(b"CASE-LG-01\nKYT001L8").tapes[0].seal == NO_SEAL


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=200))
def test_no_bytes_break_the_reader_and_nothing_wrong_counts_as_right(content: bytes) -> None:
    try:
        result = reconcile(read_scan(content), EXPECTED, KNOWN)
    except ScanRefused:
        return
    assert set(result.right) <= set(EXPECTED)
    assert {each.tape for each in result.discrepancies if each.kind == "missing"} | set(result.right) <= set(EXPECTED)
