"""Approved content goes from wave to wave on a mirror, as `make lab-promote` moves it."""

from __future__ import annotations

from pathlib import Path

import pytest

from ansible_collections.kyotsu.platform.plugins.module_utils.loader import load_estate
from lab.errors import LabError
from lab.mirror.promotion import manifest_sha256, promote_round
from lab.mirror.repository import Mirror
from lab.mirror.round_manifests import with_manifests, write_manifests
from tests.support.mirror_lab import make_mirror
from tests.support.small_estate import ROOT

ESTATE = load_estate(ROOT).estate
ROUND = """\
round: "2026-11"
content: {snapshot: SNAPSHOT, approved_by: 主査, approved_on: "2026-11-11", manifests: {lgwan: DIGEST}}
answers: []
"""


def repository(folder: Path, snapshot: str, digest: str) -> Path:
    """A repository with one round."""
    (folder / "patches").mkdir()
    (folder / "patches/_schema").symlink_to(ROOT / "patches/_schema")
    text = ROUND.replace("SNAPSHOT", snapshot).replace("DIGEST", digest)
    (folder / "patches/2026-11.yml").write_text(text, encoding="utf-8")
    return folder


@pytest.fixture
def mirror(tmp_path: Path) -> Mirror:
    return make_mirror(tmp_path / "labs")


def test_it_goes_from_the_first_wave_to_the_next_and_keeps_who_approved_it(mirror: Mirror, tmp_path: Path) -> None:
    root = repository(tmp_path, "patch-2026-11", manifest_sha256(mirror, "patch-2026-11"))
    with pytest.raises(LabError, match="test has baseline: wave-1 gets patch-2026-11 after test has it"):
        list(promote_round(root, ESTATE, [mirror], "2026-11", "wave-1"))
    assert mirror.promotions() == []

    (told,) = promote_round(root, ESTATE, [mirror], "2026-11", "test")
    assert told.startswith("lgwan: test baseline -> patch-2026-11, manifest ")
    list(promote_round(root, ESTATE, [mirror], "2026-11", "wave-1"))
    assert mirror.channels() == {"test": "patch-2026-11", "wave-1": "patch-2026-11"}
    assert {each["approved_by"] for each in mirror.promotions()} == {"主査"}


def test_what_a_wave_has_already_is_told_and_not_recorded_again(mirror: Mirror, tmp_path: Path) -> None:
    root = repository(tmp_path, "patch-2026-11", manifest_sha256(mirror, "patch-2026-11"))
    list(promote_round(root, ESTATE, [mirror], "2026-11", "test"))
    assert list(promote_round(root, ESTATE, [mirror], "2026-11", "test")) == ["lgwan: test has patch-2026-11 already"]
    assert len(mirror.promotions()) == 1


@pytest.mark.parametrize(
    ("snapshot", "round_id", "told"),
    [
        ("patch-2026-12", "2026-11", "has another patch-2026-12"),  # the digest is that of another snapshot
        ("nothing", "2026-11", "has no snapshot nothing"),
        ("patch-2026-11", "2026-10", "2026-10.yml"),
    ],
)
def test_content_that_was_not_approved_or_is_not_there_moves_nothing(
    mirror: Mirror, tmp_path: Path, snapshot: str, round_id: str, told: str
) -> None:
    root = repository(tmp_path, snapshot, manifest_sha256(mirror, "patch-2026-11"))
    with pytest.raises(LabError, match=told):
        list(promote_round(root, ESTATE, [mirror], round_id, "test"))
    assert mirror.channels() == {"test": "baseline", "wave-1": "baseline"}


BLOCK = """\
# A round.
round: "2026-11"
content:
  snapshot: patch-2026-11  # of the lab
  MANIFESTS
  approved_by: 主査
  approved_on: "2026-11-11"
# Nobody has answered.
answers: []
"""
WRITTEN = """\
# A round.
round: "2026-11"
content:
  snapshot: patch-2026-11  # of the lab
  approved_by: 主査
  approved_on: "2026-11-11"
  manifests:
    internet: "1"
    lgwan: "2"
# Nobody has answered.
answers: []
"""


@pytest.mark.parametrize(
    "before", ["", "manifests: {lgwan: 9, internet: 8}", "manifests:\n    lgwan: 9\n    # old\n    internet: 8"]
)
def test_the_digests_of_a_round_are_written_and_nothing_else_of_its_file(before: str) -> None:
    text = BLOCK.replace("  MANIFESTS\n", f"  {before}\n" if before else "")
    assert with_manifests(text, {"lgwan": "2", "internet": "1"}) == WRITTEN
    assert with_manifests(WRITTEN, {"lgwan": "2", "internet": "1"}) == WRITTEN


def test_a_round_gets_the_digest_that_its_mirror_serves_and_keeps_those_of_others(
    mirror: Mirror, tmp_path: Path
) -> None:
    root = repository(tmp_path, "patch-2026-11", "f" * 64)
    file = root / "patches/2026-11.yml"
    file.write_text(BLOCK.replace("MANIFESTS", f"manifests: {{internet: {'a' * 64}}}"), encoding="utf-8")
    digest = manifest_sha256(mirror, "patch-2026-11")
    assert write_manifests(root, ESTATE, [mirror], "2026-11") == {"internet": "a" * 64, "lgwan": digest}
    (told,) = promote_round(root, ESTATE, [mirror], "2026-11", "test")
    assert told.endswith(f"manifest {digest}")


def test_a_round_in_a_form_that_cannot_be_edited_stays_and_the_digests_are_told(mirror: Mirror, tmp_path: Path) -> None:
    root = repository(tmp_path, "patch-2026-11", "f" * 64)  # its content is written {in: a, row: b}
    before = (root / "patches/2026-11.yml").read_bytes()
    with pytest.raises(LabError, match=f"write manifests by hand: lgwan: {manifest_sha256(mirror, 'patch-2026-11')}"):
        write_manifests(root, ESTATE, [mirror], "2026-11")
    assert (root / "patches/2026-11.yml").read_bytes() == before


def test_a_mirror_without_the_snapshot_writes_nothing(mirror: Mirror, tmp_path: Path) -> None:
    root = repository(tmp_path, "nothing", "f" * 64)
    with pytest.raises(LabError, match="lgwan has no snapshot nothing"):
        write_manifests(root, ESTATE, [mirror], "2026-11")
