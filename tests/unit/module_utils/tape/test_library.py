"""A tape is erased only where the drive is ours and holds this very tape; the robot is that of the lab."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pytest

from ansible_collections.kyotsu.platform.plugins.module_utils.tape.errors import ChangerFailed
from ansible_collections.kyotsu.platform.plugins.module_utils.tape.library import Library
from ansible_collections.kyotsu.platform.plugins.module_utils.tape.settings import (
    DatabaseSettings,
    LibrarySettings,
    PortSettings,
    TapeSettings,
)
from lab.tape.library import VirtualLibrary
from tests.support.small_estate import ROOT

TAPE, OTHER = "OSA001L8", "OSA002L8"
CONTENT = b"what was written"


@dataclass(frozen=True)
class Robot:
    """The lab's robot and drives, and a console that says what a test has it say."""

    folder: Path
    virtual: VirtualLibrary
    library: Library

    def answer(self, text: str) -> None:
        (self.folder / "answer").write_text(text, encoding="utf-8")

    def after(self, command: str, script: str) -> None:
        """Have something else happen right after a command of the robot, once."""
        (self.folder / f"after-{command}").write_text(script, encoding="utf-8")

    def said(self) -> list[str]:
        return (self.folder / "commands").read_text(encoding="utf-8").splitlines()

    def content(self, barcode: str) -> bytes:
        return self.virtual.cartridge(barcode).read_bytes()


@pytest.fixture
def robot(tmp_path: Path) -> Robot:
    """Two tapes with content in the first slots; the storage daemon lets go of every drive."""
    virtual = VirtualLibrary(tmp_path / "library")
    virtual.ensure(tapes=2)
    for barcode in (TAPE, OTHER):
        virtual.cartridge(barcode).write_bytes(CONTENT)
    real = ROOT / "lab/tape"
    programs = {
        "bconsole": f"""while read -r line; do echo "$line" >>{tmp_path}/commands; done
echo '1000 OK: 103 director'
cat {tmp_path}/answer
""",
        "mtx": f"""{real}/mtx "$@"
after={tmp_path}/after-$3
[ ! -e "$after" ] || {{ mv "$after" "$after.done"; . "$after.done"; }}
""",
    }
    for name, text in programs.items():
        (tmp_path / name).write_text(f"#!/bin/sh\nset -eu\n{text}", encoding="utf-8")
        (tmp_path / name).chmod(0o755)
    settings = TapeSettings(
        programs=str(tmp_path),
        library_path="",
        consoles={"library": "", "release": ""},
        database=DatabaseSettings("", 0, "", "", ""),
        jobs_folder="",
        streams_folder="",
        stream_program="",
        clients={},
        pools={},
        library=LibrarySettings(
            storage="library-1",
            changer=str(virtual.folder),
            mtx=str(tmp_path / "mtx"),
            mt=str(real / "mt"),
            drives=tuple(str(virtual.folder / "drives" / str(number)) for number in range(2)),
        ),
        standalone=(),
        ports=PortSettings(0, 0),
    )
    found = Robot(tmp_path, virtual, Library(settings))
    found.answer('3002 Device "drive-0" unmounted.\n')
    return found


@pytest.mark.parametrize(
    "answer",
    [
        '3002 Device "drive-0" unmounted.',
        '3001 Device "drive-0" unmounted.',
        '3901 Device "drive-0" is already unmounted.',
    ],
)
def test_a_tape_is_erased_and_forgotten_once_its_drive_is_let_go(robot: Robot, answer: str) -> None:
    robot.answer(answer)
    robot.library.release_tape(TAPE)
    assert (robot.content(TAPE), robot.content(OTHER)) == (b"", CONTENT)
    assert robot.said()[-3:] == [f"purge volume={TAPE}", f"delete volume={TAPE} yes", "quit"]


@pytest.mark.parametrize(
    "answer",
    [
        '3937 Device "drive-0" is busy with writers=1 reserved=0.',
        '3902 Device "drive-0" is busy in acquire.',
        '3001 Device "drive-0" is doing acquire.',
        "",
    ],
)
def test_a_drive_that_is_not_let_go_is_not_used(robot: Robot, answer: str) -> None:
    robot.answer(answer)
    with pytest.raises(ChangerFailed, match="has not let go of drive 0"):
        robot.library.release_tape(TAPE)
    assert robot.content(TAPE) == CONTENT
    assert not any("purge" in each or "mount storage" in each[:13] for each in robot.said())


def test_a_tape_that_a_job_works_on_is_not_taken_out_of_its_drive(robot: Robot) -> None:
    robot.library.load(1, 0)
    robot.answer('3936 Device "drive-0" is busy reading.')
    with pytest.raises(ChangerFailed, match="has not let go of drive 0"):
        robot.library.release_tape(TAPE)
    assert robot.library.inventory().drives[0].barcode == TAPE
    assert robot.content(TAPE) == CONTENT


def test_another_tape_that_came_into_the_drive_is_neither_erased_nor_moved(robot: Robot) -> None:
    mtx, folder = ROOT / "lab/tape/mtx", robot.virtual.folder
    robot.after("load", f"{mtx} -f {folder} unload 1 0; {mtx} -f {folder} load 2 0")
    with pytest.raises(ChangerFailed, match=f"drive 0 holds {OTHER}, not {TAPE}: nothing was erased"):
        robot.library.release_tape(TAPE)
    assert (robot.content(TAPE), robot.content(OTHER)) == (CONTENT, CONTENT)
    held = robot.library.inventory().drives[0]
    assert (held.barcode, held.home) == (OTHER, 2)
    assert not any("purge" in each for each in robot.said())
    assert robot.said()[-2:] == ["mount storage=library-1 drive=0 slot=0", "quit"]
