"""What Packages indexes offer, and what a guest has after it."""

from __future__ import annotations

import gzip

import pytest

from ansible_collections.kyotsu.platform.plugins.module_utils.patch.content import (
    ContentError,
    Offer,
    newest,
    read_packages,
    sources_after,
)
from tests.support.patch_sample import make_facts

INDEX = """\
Package: libssl3
Source: openssl
Version: 3.0.22-1
Description: several
 lines of text

Package: openssl
Source: openssl (3.0.21-1)
Version: 3.0.22-1+b1

Package: sudo
Version: 1.9.13-2
"""


def offer(package: str, version: str, source: str = "") -> Offer:
    return Offer(package=package, version=version, source=source or package, source_version=version)


def test_a_package_knows_the_source_that_it_was_made_from() -> None:
    found = read_packages(INDEX.encode())
    assert found["libssl3"] == offer("libssl3", "3.0.22-1", "openssl")
    assert (found["openssl"].version, found["openssl"].source_version) == ("3.0.22-1+b1", "3.0.21-1")
    assert found["sudo"] == offer("sudo", "1.9.13-2")


def test_a_compressed_index_is_the_same() -> None:
    assert read_packages(gzip.compress(INDEX.encode())) == read_packages(INDEX.encode())


def test_of_two_versions_the_newer_one_counts_within_an_index_and_between_suites() -> None:
    older = "Package: sudo\nVersion: 1.9.13-2~rc1\n"
    assert read_packages(f"{INDEX}\n{older}".encode()) == read_packages(INDEX.encode())
    for order in ((INDEX, older), (older, INDEX)):
        assert newest(read_packages(each.encode()) for each in order)["sudo"].version == "1.9.13-2"


@pytest.mark.parametrize(
    "content", [b"", b"\n\n", b"not an index", b"Package: sudo\n", b"Version: 1\n", b"\xff\xfe", b"\x1f\x8bhalf"]
)
def test_what_is_no_index_is_refused_in_one_line(content: bytes) -> None:
    with pytest.raises(ContentError, match="not a Packages index") as refused:
        read_packages(content)
    assert "\n" not in str(refused.value)


def test_an_upgrade_brings_the_source_of_what_is_installed_and_nothing_else() -> None:
    installed = {"openssl": "3.0.20-1", "sudo": "1.9.14-1"}
    content = {**read_packages(INDEX.encode()), "nginx": offer("nginx", "1.22-1")}
    after = sources_after(make_facts(packages=installed, sources=installed), content)
    assert after == {"openssl": "3.0.21-1", "sudo": "1.9.14-1"}  # sudo is newer already, nginx is not there
