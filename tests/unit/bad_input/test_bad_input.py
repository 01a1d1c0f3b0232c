"""What people get wrong: one clear message each, exit code 1, no traceback. Run as a person runs it."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support.small_estate import AS_OF, ROOT, S02, S13, copy_small, edit

Break = Callable[[Path], None]


def validate(repository: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """The script as a command, on a fixed day."""
    command = [sys.executable, str(ROOT / "scripts" / "validate.py"), "--repository", str(repository)]
    return subprocess.run(
        [*command, "--as-of", AS_OF.isoformat(), *arguments], capture_output=True, text=True, check=False, timeout=60
    )


def replacing(file: str, old: str, new: str) -> Break:
    return lambda repository: edit(repository, file, old, new)


def writing(file: str, content: bytes) -> Break:
    def write(repository: Path) -> None:
        (repository / file).write_bytes(content)

    return write


def recoding(file: str, encoding: str) -> Break:
    def recode(repository: Path) -> None:
        path = repository / file
        path.write_bytes(path.read_text(encoding="utf-8").encode(encoding))

    return recode


def renaming(file: str, new: str) -> Break:
    def rename(repository: Path) -> None:
        (repository / file).rename(repository / new)

    return rename


BOMB = b"a: &a [x, x]\nb: &b [*a, *a, *a, *a, *a, *a, *a, *a]\nc: &c [*b, *b, *b, *b, *b, *b, *b, *b]\n"

BAD = {
    "unknown field": (
        replacing(S13, "    role: db\n", "    role: db\n    colour: red\n"),
        f"{S13}:23: [E-03] machines[0].colour: the schema knows no such field",
    ),
    "mistyped required field": (
        replacing(S13, "    image: debian-12", "    imgae: debian-12"),
        f'{S13}:24: [E-03] machines[0].imgae: the schema knows no such field — did you mean "image"?',
    ),
    "wrong type": (
        replacing(S13, "size_gb: 40", 'size_gb: "40 GB"'),
        f'{S13}:26: [E-03] machines[0].disks[0].size_gb: "40 GB" is not a whole number — write a whole number',
    ),
    "unquoted time": (
        replacing(S02, '"22:30"', "22:30"),
        f'{S02}:15: [E-02] end: 22:30 was read as 1350 — write "22:30" in quotes',
    ),
    "unquoted power state": (
        replacing(S13, "    role: db\n", "    role: db\n    power: off\n"),
        f'{S13}:23: [E-02] power: off was read as false — write "off" in quotes',
    ),
    "duplicate key": (
        replacing(S13, "cluster: kyotsu-lgwan\n", "cluster: kyotsu-lgwan\nowner: org-301\n"),
        f'{S13}:13: [E-02] the key "owner" is written twice (first in line 7)',
    ),
    "duplicate address": (
        replacing(S02, "198.19.0.65", "198.19.0.64"),
        f"{S02}:38: [Y-02] s02-ap01: the address 198.19.0.64 is already used by s02-db01 ({S02}:28)",
    ),
    "unknown network": (
        replacing(S13, "network: lgwan-servers", "network: lgwan-server"),
        f'{S13}:25: [E-04] s13-db01: there is no network "lgwan-server" — did you mean "lgwan-servers"?',
    ),
    "missing owner": (
        replacing(S13, "owner: org-302\n", ""),
        f'{S13}:1: [E-03] the field "owner" is missing — add it: Organisation id of the owner',
    ),
    "owner that does not exist": (
        replacing(S13, "owner: org-302\n", "owner: org-999\n"),
        f'{S13}:7: [E-04] s13: there is no organisation "org-999"',
    ),
    "file whose name is not its id": (
        renaming(S13, "systems/s14-common-codes.yml"),
        'systems/s14-common-codes.yml:1: [E-01] the file is named "s14-common-codes.yml", but describes s13',
    ),
    "file that would never be read": (
        renaming("systems/vdi-lgwan.yml", "systems/vdi-lgwan.yaml"),
        "systems/vdi-lgwan.yaml:1: [E-01] would never be read — move or rename it",
    ),
    "invalid YAML": (
        replacing(S13, "nics: [{network: lgwan-servers, address: 198.18.128.240}]", "nics: [{network: lgwan-servers"),
        f"{S13}:26: [E-02] is not valid YAML: did not find expected ',' or '}}' while parsing a flow mapping "
        "that begins in line 25",
    ),
    "tab": (
        replacing(S13, "    role: db", "\t role: db"),
        f"{S13}:22: [E-02] a tab stands in the indentation — indent with spaces",
    ),
    "empty file": (writing(S13, b""), f"{S13}:1: [E-02] is empty"),
    "file of comments": (writing(S13, "# 後で書く\n".encode()), f"{S13}:1: [E-02] is empty"),
    "Shift_JIS file": (
        recoding(S13, "cp932"),
        f"{S13}:5: [E-02] is not UTF-8; it looks like Shift_JIS — save the file as UTF-8",
    ),
    "UTF-16 file": (recoding(S13, "utf-16"), f"{S13}:1: [E-02] is UTF-16 — save the file as UTF-8"),
    "byte order mark": (recoding(S13, "utf-8-sig"), f"{S13}:1: [E-02] is UTF-8 with a byte order mark"),
    "anchor bomb": (writing(S13, BOMB), f"{S13}:1: [E-02] holds the anchor &a — write the value out"),
    "two documents": (
        replacing(S13, "assumed: [owner, machines]", "assumed: [owner, machines]\n---\nid: s14"),
        f"{S13}:28: [E-02] holds more than one YAML document (---)",
    ),
    "Python tag": (
        replacing(S13, "owner: org-302", "owner: !!python/object/apply:os.getcwd []"),
        f"{S13}:7: [E-02] holds the tag tag:yaml.org,2002:python/object/apply:os.getcwd",
    ),
    "broken platform file": (
        replacing("platform/networks.yml", "vlan_id: 210", "vlan_id: two"),
        'platform/networks.yml:10: [E-03] networks[0].vlan_id: "two" is not a whole number',
    ),
}


@pytest.mark.parametrize("situation", BAD)
def test_one_message_and_a_failing_exit_code(situation: str, tmp_path: Path) -> None:
    break_it, expected = BAD[situation]
    repository = copy_small(tmp_path)
    break_it(repository)

    result = validate(repository)

    *findings, last = result.stdout.splitlines()
    assert result.returncode == 1
    assert result.stderr == ""
    assert len(findings) == 1, result.stdout
    assert findings[0].startswith(expected)
    assert " — " in findings[0], "a finding says what to do"
    assert "1 error, 0 warnings" in last


def test_the_estate_that_the_others_break_is_valid(tmp_path: Path) -> None:
    result = validate(copy_small(tmp_path))

    assert (result.returncode, result.stderr) == (0, "")
    assert "files, 4 machines, 1 desktop pool: 0 errors, 0 warnings (" in result.stdout


def test_mistakes_in_several_files_are_all_told_at_once(tmp_path: Path) -> None:
    repository = copy_small(tmp_path)
    edit(repository, S02, "flavour: m8", "flavour: m9")
    edit(repository, S02, "owner: org-301", "owner: org-399")
    edit(repository, S13, "size_gb: 40", "size_gb: forty")

    result = validate(repository)

    assert [line.split("] ")[0] for line in result.stdout.splitlines()[:-1]] == [
        f"{S02}:7: [E-04",
        f"{S02}:26: [E-04",
        f"{S13}:26: [E-03",
    ]


def test_messages_in_japanese(tmp_path: Path) -> None:
    repository = copy_small(tmp_path)
    edit(repository, S02, '"22:30"', "22:30")

    lines = validate(repository, "--language", "ja").stdout.splitlines()

    assert lines[0] == f'{S02}:15: [E-02] end: 22:30 は数値 1350 と解釈されます — 引用符で囲み "22:30" と書いてください'
    assert "エラー 1 件、警告 0 件" in lines[1]
