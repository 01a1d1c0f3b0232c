"""The numbers of the way to tape on the page of the benchmarks: put there by one program, kept by the other."""

from __future__ import annotations

from tests.bench.benchdocs import markdown
from tests.bench.tape_path import LEAST_SHARE, Memory, Round, share_of
from tests.bench.tapedocs import PAGE, kept, section, with_section

ROUNDS = [
    Round(10, 2000, local_seconds=10.0, path_seconds=seconds, verb_seconds=40.0, vcenter_cores=0.5, load=0.1)
    for seconds in (12.5, 20.0, 12.5)
]
MEMORY = Memory(64, 8, {"client": 20.0, "controller": 90.0}, {"client": 21.5, "controller": 90.25})


def test_the_share_is_the_median_of_the_rounds() -> None:
    assert [each.share for each in ROUNDS] == [0.8, 0.5, 0.8]
    assert share_of(ROUNDS) == 0.8 >= LEAST_SHARE
    assert MEMORY.growth == {"client": 1.5, "controller": 0.25}


def test_numbers_are_put_into_the_page_and_nothing_else_is_touched() -> None:
    page = PAGE.read_text(encoding="utf-8")
    text = section(ROUNDS, MEMORY)
    written = with_section(page, text)
    assert kept(written) == text
    assert written.replace(text, kept(page)) == page
    assert "**80%** (median of 3 rounds)" in text
    assert "| client | 20.0 MiB | 21.5 MiB |" in text
    # A second time, and a page that has no such section yet.
    assert with_section(written, text) == written
    assert kept(with_section("# Benchmarks\n", text)) == text
    assert kept("# Benchmarks\n") == section()


def test_the_program_that_writes_the_page_keeps_them() -> None:
    content = {
        "measured_at": "2026-11-24T12:00:00+00:00",
        "machine": {"processor": "x", "cores": "2", "memory": "1 GiB", "system": "x", "python": "3", "load": "0"},
        "calibration_s": 1.0,
        "calibration_cpu_s": 1.0,
        "runs": 3,
        "alternatives": "none",
        "sizes": [],
    }
    text = section(ROUNDS, MEMORY)
    page = markdown(content, text)
    assert kept(page) == text
    assert "\n\n## Again" in page
