"""scripts/tape_keys.py: a key from its making to its escrow, its drill and its end, as people do it."""

from __future__ import annotations

import functools
import re
import shutil
import stat
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.kyotsu.platform.plugins.module_utils.custody import key_paper
from ansible_collections.kyotsu.platform.plugins.module_utils.custody.keys import escrow_gaps
from ansible_collections.kyotsu.platform.plugins.module_utils.loader import load_estate
from ansible_collections.kyotsu.platform.plugins.module_utils.model.platform import Platform
from ansible_collections.kyotsu.platform.plugins.module_utils.records.backup_values import Phase
from ansible_collections.kyotsu.platform.plugins.module_utils.records.store import open_store
from ansible_collections.kyotsu.platform.plugins.module_utils.records.values import Origin
from ansible_collections.kyotsu.platform.plugins.module_utils.vault import keys
from tests.support.backups import make_row
from tests.support.small_estate import AS_OF, ROOT
from tests.support.tapes import BOTH

sys.path.insert(0, str(ROOT / "scripts"))

import tape_keys

SITES = ("tokyo-office", "tokyo-office", "annex-machine-room", "annex-machine-room")


@pytest.fixture(scope="module", autouse=True)
def small_keys() -> Iterator[None]:
    """Keys that are made in a tenth of the time; how long a real one is matters to nothing here."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(keys, "_BITS", 2048)
        yield


class Desk:
    """Two people with a key, its papers as files, and the records."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.key = folder / "keys" / "lgwan-fd.pem"
        self.url = f"sqlite:///{folder / 'records.sqlite3'}"
        self.codes: tuple[str, ...] = ()

    def run(self, *arguments: str) -> int:
        return tape_keys.main(["--database", self.url, *arguments])

    def file(self, name: str, text: str) -> str:
        path = self.folder / name
        path.write_text(text, encoding="utf-8")
        return str(path)

    def printed(self, name: str) -> str:
        return (self.folder / "paper" / f"lgwan-g1-{name}.html").read_text(encoding="utf-8")

    def words(self, name: str) -> str:
        """The words of a page, as somebody types them."""
        found = words_of(self.printed(name))
        return self.file(f"{name}.txt", " ".join(found))

    def make(self) -> None:
        assert self.run("create", "lgwan", "--key", str(self.key), "--people", BOTH[0]) == 0
        folder = str(self.folder / "paper")
        assert self.run("print", "lgwan-g1", "--key", str(self.key), "--folder", folder, "--people", *BOTH) == 0

    def take(self, made: Desk) -> None:
        """Everything of a desk where a key was made and printed, as `make` would leave it here."""
        shutil.copytree(made.folder, self.folder, dirs_exist_ok=True)
        self.codes = made.codes

    def deposit(self) -> None:
        for number, site in enumerate(SITES, 1):
            assert self.run("deposit", "lgwan-g1", "--sheet", str(number), "--site", site, "--people", *BOTH) == 0

    def drill(self, *sheets: str, words: str | None = None, people: tuple[str, ...] = BOTH) -> int:
        given = [each for sheet in sheets for each in ("--sheet", sheet)]
        codes = self.file("codes.txt", "\n".join(self.codes))
        text = words or self.words("B")
        return self.run("drill", "lgwan-g1", "--codes", codes, "--words", text, *given, "--people", *people)

    def sheets(self, *numbers: int) -> list[str]:
        return [f"{number}={self.words(f'sheet-{number}')}" for number in numbers]


def words_of(page: str) -> list[str]:
    """Words of a word list that a page shows one by one."""
    return re.findall(r"</small>([a-z]+)</div>", page)


real_key_parts: Callable[..., tuple[str, ...]] = key_paper.key_parts


def scan_into(desk: Desk, patch: pytest.MonkeyPatch) -> None:
    """What stands in the QR codes; that a scanner reads them from paper is test_papers.py's."""

    def scanned(locked: Any) -> tuple[str, ...]:
        desk.codes = real_key_parts(locked)
        return desk.codes

    patch.setattr(keys, "key_parts", scanned)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Desk:
    """A desk where a key was made and printed, to copy: that takes longer than most of what is done with it."""
    found = Desk(tmp_path_factory.mktemp("made"))
    with pytest.MonkeyPatch.context() as patch:
        scan_into(found, patch)
        found.make()
    return found


@pytest.fixture
def empty_desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Desk:
    found = Desk(tmp_path)
    scan_into(found, monkeypatch)
    return found


@pytest.fixture
def desk(empty_desk: Desk, made: Desk) -> Desk:
    empty_desk.take(made)
    return empty_desk


@functools.cache
def platform() -> Platform:
    return load_estate(ROOT, as_of=AS_OF).estate.platform


def gaps(desk: Desk, name: str = "lgwan-g1") -> list[str]:
    with open_store(desk.url, production=False) as store:
        return escrow_gaps(store.tape_keys.status(name), platform().key_escrow, platform().sites, AS_OF)


def test_a_key_is_proven_when_two_people_read_it_back_from_paper(empty_desk: Desk) -> None:
    desk = empty_desk
    desk.make()
    assert desk.run("list") == 1
    desk.deposit()
    assert gaps(desk) == ["nobody has read paper and passphrase back yet (drill)"]
    assert desk.drill(*desk.sheets(1, 4)) == 0
    assert gaps(desk) == []
    assert desk.run("list") == 0


def test_papers_and_keys_are_files_that_only_their_owner_reads(empty_desk: Desk) -> None:
    desk = empty_desk
    desk.make()
    files = [*(desk.folder / "paper").iterdir(), desk.key]
    assert len(files) == 7
    assert {stat.S_IMODE(file.stat().st_mode) for file in files} == {0o600}
    assert "PRIVATE KEY" not in "".join(file.read_text() for file in (desk.folder / "paper").iterdir())


def test_nothing_secret_is_said_or_recorded(empty_desk: Desk, capsys: pytest.CaptureFixture[str]) -> None:
    desk = empty_desk
    desk.make()
    desk.deposit()
    assert desk.drill(*desk.sheets(2, 3)) == 0
    said = capsys.readouterr().out
    secret = words_of(desk.printed("B"))
    assert len(secret) == 12
    with open_store(desk.url, production=False) as store:
        said += "".join(entry.payload_text for entry in store.chain.entries())
    assert not re.search(r"\b" + r"\W+".join(secret[:3]) + r"\b", said)
    assert desk.codes[0].split()[-1] not in said


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda desk: {"words": desk.file("w", "abandon " * 12)}, "do not belong together"),
        (lambda desk: {"words": desk.words("sheet-1")}, "not in the list|12 words"),
        (lambda desk: {"sheets": desk.sheets(1)}, "1 sheets do not give the passphrase"),
        (lambda desk: {"sheets": []}, "0 sheets do not give the passphrase"),
        (lambda desk: {"codes": 1}, "code 1 of"),
    ],
)
def test_a_paper_that_does_not_open_the_key_is_no_drill(
    desk: Desk, spoil: Any, message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    desk.deposit()
    wrong = spoil(desk)
    if "codes" in wrong:
        desk.codes = desk.codes[1:]
    assert desk.drill(*wrong.get("sheets", desk.sheets(1, 3)), words=wrong.get("words")) == 1
    assert re.search(message, capsys.readouterr().err)
    assert gaps(desk) == ["nobody has read paper and passphrase back yet (drill)"]


def test_papers_of_two_prints_do_not_mix(desk: Desk, capsys: pytest.CaptureFixture[str]) -> None:
    old = desk.file("old.txt", Path(desk.words("B")).read_text())
    folder = str(desk.folder / "paper")
    again = ("print", "lgwan-g1", "--key", str(desk.key), "--folder", folder, "--people", *BOTH)
    assert desk.run(*again) == 0
    assert desk.drill(*desk.sheets(1, 2), words=old) == 1
    assert "the words do not open this key" in capsys.readouterr().err
    desk.deposit()
    assert desk.run(*again) == 2
    assert "are in escrow: withdraw them first" in capsys.readouterr().err


def test_one_person_sees_no_key(desk: Desk, capsys: pytest.CaptureFixture[str]) -> None:
    assert desk.drill(*desk.sheets(1, 2), people=(BOTH[0], f" {BOTH[0]} ")) == 2
    assert "two different people" in capsys.readouterr().err


def test_an_opened_key_is_the_key_and_asks_for_new_papers(desk: Desk) -> None:
    desk.deposit()
    desk.drill(*desk.sheets(1, 3))
    codes, output = desk.file("codes.txt", "\n".join(desk.codes)), desk.folder / "recovered.pem"
    sheets = [each for sheet in desk.sheets(2, 4) for each in ("--sheet", sheet)]
    more = ("--reason", "controller burnt", "--people", *BOTH, "--output", str(output))
    assert desk.run("open", "lgwan-g1", "--codes", codes, *sheets, *more) == 0
    assert keys.fingerprint(output) == keys.fingerprint(desk.key)
    assert gaps(desk) == ["it was opened since the last drill: seal new sheets and drill them"]
    # A file that is there is not written over.
    assert desk.run("open", "lgwan-g1", "--codes", codes, *sheets, *more) == 2


def test_rotation_keeps_the_old_key_and_goes_on_after_a_kill(desk: Desk, tmp_path: Path) -> None:
    before = keys.fingerprint(desk.key)
    rotate = ("rotate", "lgwan", "--key", str(desk.key), "--reason", "yearly", "--people", BOTH[0])
    # Killed after the old key was put aside: the new one is not there yet.
    desk.key.rename(desk.key.with_name("lgwan-g1.pem"))
    assert desk.run(*rotate) == 0
    assert keys.fingerprint(desk.key.with_name("lgwan-g1.pem")) == before
    assert keys.fingerprint(desk.key) != before
    with open_store(desk.url, production=False) as store:
        statuses = store.tape_keys.statuses()
    assert statuses["lgwan-g1"].superseded
    assert statuses["lgwan-g2"].fingerprint == keys.fingerprint(desk.key)
    assert not statuses["lgwan-g2"].superseded


def test_another_file_is_never_taken_for_the_key(desk: Desk, capsys: pytest.CaptureFixture[str]) -> None:
    other = desk.folder / "other.pem"
    keys.ensure_key_pair(other, "other")
    folder = str(desk.folder / "paper2")
    assert desk.run("print", "lgwan-g1", "--key", str(other), "--folder", folder, "--people", *BOTH) == 2
    assert "is not the key lgwan-g1" in capsys.readouterr().err
    open_to_all = desk.folder / "open.pem"
    shutil.copy(desk.key, open_to_all)
    open_to_all.chmod(0o644)
    assert desk.run("print", "lgwan-g1", "--key", str(open_to_all), "--folder", folder, "--people", *BOTH) == 2
    assert "others can read it" in capsys.readouterr().err


def test_a_second_key_of_a_segment_is_a_rotation(desk: Desk, capsys: pytest.CaptureFixture[str]) -> None:
    assert desk.run("create", "lgwan", "--key", str(desk.folder / "x.pem"), "--people", BOTH[0]) == 2
    assert "has the key lgwan-g1" in capsys.readouterr().err
    assert desk.run("deposit", "lgwan-g1", "--sheet", "1", "--site", "remote-store", "--people", *BOTH) == 2
    assert "no place of escrow" in capsys.readouterr().err


def test_a_key_without_tapes_can_be_destroyed(desk: Desk) -> None:
    end = ("destroy", "lgwan-g1", "--reason", "never used", "--people", *BOTH, "--key", str(desk.key))
    assert desk.run(*end) == 0
    assert not desk.key.exists()


def test_after_a_rotation_the_key_in_use_is_not_removed_for_the_old_one(
    desk: Desk, capsys: pytest.CaptureFixture[str]
) -> None:
    assert desk.run("rotate", "lgwan", "--key", str(desk.key), "--reason", "yearly", "--people", BOTH[0]) == 0
    end = ("destroy", "lgwan-g1", "--reason", "no tape is left", "--people", *BOTH, "--key")
    assert desk.run(*end, str(desk.key)) == 2
    assert "is not the key lgwan-g1 of the records" in capsys.readouterr().err
    with open_store(desk.url, production=False) as store:
        assert not store.tape_keys.statuses()["lgwan-g1"].destroyed
        assert keys.fingerprint(desk.key) == store.tape_keys.statuses()["lgwan-g2"].fingerprint
    old = desk.key.with_name("lgwan-g1.pem")
    assert desk.run(*end, str(old)) == 0
    assert (old.exists(), desk.key.exists()) == (False, True)


@pytest.mark.parametrize("phase", ["exporting", "on-tape"])
def test_a_backup_that_is_on_tape_and_no_copy_yet_needs_its_key(
    desk: Desk, phase: Phase, capsys: pytest.CaptureFixture[str]
) -> None:
    row = make_row("m-1", phase=phase, key_id="lgwan-g1")
    origin = Origin(actor="hanako", host="controller", run_id="run-1", commit="")
    with open_store(desk.url, production=False) as store:
        store.backups.start("run-1", environment="lab", purpose="regular", machines=[row], origin=origin)
    end = ("destroy", "lgwan-g1", "--reason", "no tape is left", "--people", *BOTH)
    assert desk.run(*end) == 2
    assert "backup run run-1 wrote" in capsys.readouterr().err
    with open_store(desk.url, production=False) as store:
        store.backups.advance(replace(row, phase="failed"))
    assert desk.run(*end) == 0
