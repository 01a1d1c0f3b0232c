"""A mirror as apt sees it: signed, by segment, and newer only after a promotion."""

from __future__ import annotations

import hashlib
import subprocess
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from lab.background_process import wait_for
from lab.errors import LabError
from lab.mirror.content import RECIPES, SUITES, ensure_content, read_manifest
from lab.mirror.repository import Mirror
from lab.mirror.sample_package import PACKAGE, VERSIONS
from lab.mirror.server import MirrorServer
from tests.support.mirror_lab import Apt, make_mirror, served


@pytest.fixture
def mirror(tmp_path: Path) -> Mirror:
    return make_mirror(tmp_path)


@pytest.fixture
def url(mirror: Mirror) -> Iterator[str]:
    with served(mirror) as address:
        yield address


@pytest.fixture
def apt(mirror: Mirror, url: str, tmp_path: Path) -> Apt:
    """A guest of wave-1 with the baseline."""
    return Apt.make(tmp_path / "apt", f"{url}/channels/wave-1", mirror.key_file, mirror.root / "snapshots/baseline")


def differences(mirror: Mirror, before: str, after: str) -> dict[str, str]:
    old, new = mirror.manifest(before), mirror.manifest(after)
    return {name: entry.version for name, entry in new.items() if entry.version != old[name].version}


def test_a_guest_with_the_baseline_is_offered_nothing_until_its_channel_is_promoted(mirror: Mirror, apt: Apt) -> None:
    assert apt.run("update").returncode == 0
    assert apt.upgrades() == {}

    mirror.promote("test", "patch-2026-11", approved_by="A")
    assert apt.run("update").returncode == 0
    assert apt.upgrades() == {}

    mirror.promote("wave-1", "patch-2026-11", approved_by="B")
    assert apt.run("update").returncode == 0
    assert apt.upgrades() == differences(mirror, "baseline", "patch-2026-11")
    assert apt.upgrades()[PACKAGE] == "1.1"


def test_real_packages_have_something_newer_and_security_updates_are_told_apart(mirror: Mirror) -> None:
    newer = differences(mirror, "baseline", "patch-2026-11").keys() - {PACKAGE}
    assert len(newer) >= 3
    new = mirror.manifest("patch-2026-11")
    assert {new[name].suite for name in newer} <= set(SUITES)
    assert any(new[name].suite == "bookworm-security" for name in newer)
    assert all(entry.suite != "bookworm-security" for entry in mirror.manifest("baseline").values())


def test_a_package_comes_as_the_manifest_says(mirror: Mirror, apt: Apt) -> None:
    mirror.promote("wave-1", "patch-2026-11", approved_by="B")
    assert apt.run("update").returncode == 0
    answer = apt.run("download", f"{PACKAGE}=1.1")
    assert answer.returncode == 0, answer.stderr
    entry = mirror.manifest("patch-2026-11")[PACKAGE]
    content = (apt.folder / Path(entry.file).name).read_bytes()
    assert (len(content), hashlib.sha256(content).hexdigest()) == (entry.size_bytes, entry.sha256)


def test_a_guest_of_another_segment_refuses_the_signature(mirror: Mirror, apt: Apt, url: str) -> None:
    other = make_mirror(mirror.lab.root.parent, "mynumber")
    apt.use(f"{url}/channels/wave-1", other.key_file)
    answer = apt.run("update")
    assert answer.returncode != 0
    assert "NO_PUBKEY" in answer.stderr
    assert apt.run("madison", PACKAGE, command="apt-cache").stdout == ""


@pytest.mark.parametrize("what", ["dists/bookworm/InRelease", "dists/bookworm/main/binary-*/Packages*"])
def test_a_repository_that_somebody_has_changed_is_refused(mirror: Mirror, apt: Apt, what: str) -> None:
    changed = list((mirror.root / "snapshots/baseline").glob(what))
    assert changed
    for path in changed:
        content = path.read_bytes()
        path.unlink()  # the file may be shared with other labs
        middle = len(content) // 2
        path.write_bytes(content[:middle] + bytes([content[middle] ^ 1]) + content[middle + 1 :])
    answer = apt.run("update")
    assert answer.returncode != 0
    assert apt.run("madison", "sudo", command="apt-cache").stdout == ""


def test_a_package_that_somebody_has_changed_is_refused(mirror: Mirror, apt: Apt) -> None:
    package = next((mirror.root / "snapshots/baseline/pool/kyotsu").iterdir())
    content = package.read_bytes()
    package.unlink()
    package.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
    assert apt.run("update").returncode == 0
    answer = apt.run("download", f"{PACKAGE}=1.0")
    assert answer.returncode != 0
    assert "Hash Sum mismatch" in answer.stderr


def test_promotions_are_kept_and_only_known_names_are_taken(mirror: Mirror) -> None:
    mirror.promote("test", "patch-2026-11", approved_by="基盤担当")
    assert mirror.channels() == {"test": "patch-2026-11", "wave-1": "baseline"}
    (kept,) = mirror.promotions()
    assert (kept["channel"], kept["from"], kept["to"], kept["approved_by"]) == (
        "test",
        "baseline",
        "patch-2026-11",
        "基盤担当",
    )
    with pytest.raises(LabError, match="no snapshot nothing"):
        mirror.promote("test", "nothing", approved_by="A")
    with pytest.raises(LabError, match="no channel nobody"):
        mirror.promote("nobody", "baseline", approved_by="A")
    assert len(mirror.promotions()) == 1


def test_a_second_start_keeps_key_snapshots_and_promotions(mirror: Mirror) -> None:
    mirror.promote("test", "patch-2026-11", approved_by="A")
    before = {
        path: path.read_bytes()
        for path in [mirror.private_key_file, mirror.key_file, *mirror.root.glob("snapshots/*/dists/*/InRelease")]
    }
    mirror.ensure(ensure_content(), ["test", "wave-1", "wave-2"])
    assert all(path.read_bytes() == content for path, content in before.items())
    assert mirror.channels() == {"test": "patch-2026-11", "wave-1": "baseline", "wave-2": "baseline"}


def test_only_the_public_key_is_served(mirror: Mirror) -> None:
    assert mirror.private_key_file.stat().st_mode & 0o777 == 0o600
    assert b"PRIVATE KEY" in mirror.private_key_file.read_bytes()
    served_files = [path for path in mirror.root.rglob("*") if path.is_file()]
    assert mirror.key_file in served_files
    assert all(b"PRIVATE KEY" not in path.read_bytes() for path in served_files)


def test_nothing_outside_of_the_root_and_no_folder_is_served(mirror: Mirror, url: str) -> None:
    (mirror.root / "out").symlink_to(mirror.private_key_file)
    for path in ("out", "snapshots/", "../promotions.json", "%2e%2e/%2e%2e/secrets/mirror-lgwan.key", "absent"):
        with pytest.raises(urllib.error.HTTPError) as refused:
            urllib.request.urlopen(f"{url}/{path}", timeout=10)
        assert refused.value.code == 404
        refused.value.close()


def test_it_answers_at_its_own_address_only(mirror: Mirror) -> None:
    with served(mirror, "127.0.0.77") as url:
        with urllib.request.urlopen(f"{url}/kyotsu-archive-keyring.asc", timeout=10) as answer:
            assert answer.read() == mirror.key_file.read_bytes()
        with pytest.raises(urllib.error.URLError, match="refused"):
            urllib.request.urlopen(url.replace("127.0.0.77", "127.0.0.1"), timeout=10)


def test_a_server_is_started_once_and_found_again_and_gone_when_stopped(mirror: Mirror) -> None:
    server = MirrorServer(mirror)
    assert server.start("127.0.0.1", port=0)
    pid = server.process.pid()
    assert not MirrorServer(mirror).start("127.0.0.1", port=0)
    assert MirrorServer(mirror).process.pid() == pid
    assert server.stop()
    assert not server.stop()
    assert server.process.pid() is None


def test_an_address_that_is_not_there_is_said(mirror: Mirror) -> None:
    with pytest.raises(LabError, match="Cannot assign requested address"):
        MirrorServer(mirror).start("203.0.113.1", port=0)


def test_the_content_has_every_snapshot_with_its_manifest() -> None:
    content = ensure_content()
    for recipe in RECIPES:
        entries = read_manifest(content / recipe.name)
        assert entries[PACKAGE].version == recipe.sample_version
        for entry in entries.values():
            bytes_of_file = (content / recipe.name / entry.file).read_bytes()
            assert hashlib.sha256(bytes_of_file).hexdigest() == entry.sha256
    assert {recipe.sample_version for recipe in RECIPES} == set(VERSIONS)


def test_no_gpg_agent_stays_behind(mirror: Mirror) -> None:
    assert mirror.key_file.exists()

    def agents() -> str:
        answer = subprocess.run(["ps", "-eo", "args"], capture_output=True, text=True, check=True)
        return "\n".join(line for line in answer.stdout.splitlines() if "kyotsu-gpg-" in line)

    assert wait_for(lambda: not agents(), 10), agents()
