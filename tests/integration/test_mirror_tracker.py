"""The vulnerabilities that the lab's patch snapshot closes, read from the packages' own changelogs."""

from __future__ import annotations

import subprocess
from pathlib import Path

from ansible_collections.kyotsu.platform.plugins.module_utils.patch.content import (
    newest,
    read_packages,
    sources_after,
)
from ansible_collections.kyotsu.platform.plugins.module_utils.patch.outcome import GuestFacts
from ansible_collections.kyotsu.platform.plugins.module_utils.patch.vulnerabilities import (
    difference,
    read_tracker,
    vulnerabilities,
)
from lab.debian_packages import RELEASE
from lab.mirror.content import BASELINE, ensure_content, read_manifest
from lab.mirror.tracker import tracker_text

PATCH = "patch-2026-11"


def source_versions(snapshot: Path) -> dict[str, str]:
    """Source package -> version, as dpkg-deb reads them."""
    found = {}
    for package in snapshot.glob("pool/*/*.deb"):
        fields = subprocess.run(
            ["dpkg-deb", "--show", "--showformat", "${source:Package} ${source:Version}", str(package)],
            check=True,
            capture_output=True,
            text=True,
        ).stdout.split()
        found[fields[0]] = fields[1]
    return found


def test_the_patch_closes_real_vulnerabilities_and_opens_none() -> None:
    content = ensure_content()
    tracker = read_tracker(tracker_text(sorted(content.glob(f"{PATCH}/pool/*/*.deb"))).encode(), RELEASE)
    before, after = (source_versions(content / snapshot) for snapshot in (BASELINE, PATCH))
    found = difference(vulnerabilities(before, tracker), vulnerabilities(after, tracker))
    assert found.closed
    assert all(cve.startswith("CVE-") for cve in found.closed)
    # Everything that a changelog of the new packages names is fixed in them.
    assert (found.remaining, found.added) == ((), ())


def test_the_indexes_of_the_patch_foretell_the_versions_that_its_packages_bring() -> None:
    content = ensure_content()
    offers = newest(read_packages(file.read_bytes()) for file in content.glob(f"{PATCH}/dists/*/main/*/Packages.gz"))
    baseline = content / BASELINE
    packages = {name: each.version for name, each in read_manifest(baseline).items()}
    facts = GuestFacts(packages=packages, sources=source_versions(baseline), kernel="", services=())
    assert sources_after(facts, offers) == source_versions(content / PATCH)
