"""Signing keys of the mirrors: one per segment, made once per lab. The private half stays in the lab's secrets."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from lab.background_process import wait_for
from lab.errors import LabError
from lab.files import write_atomically
from lab.scratch import scratch_folder

_AGENT_SECONDS = 10


def ensure_key(private: Path, public: Path, name: str) -> None:
    """Make the key pair if a half is missing: `private` with mode 0600, `public` as guests get it (ASCII armour)."""
    if private.exists() and public.exists():
        return
    with _gpg_home() as home:
        _gpg(home, "--passphrase", "", "--quick-generate-key", name, "ed25519", "sign", "never")
        write_atomically(private, _gpg(home, "--armor", "--export-secret-keys"))
        write_atomically(public, _gpg(home, "--armor", "--export"), mode=0o644)


def sign(private: Path, releases: list[Path]) -> None:
    """Write InRelease beside each Release file, signed inline by the key."""
    with _gpg_home() as home:
        _gpg(home, "--import", str(private))
        for release in releases:
            signed = _gpg(home, "--digest-algo", "SHA512", "--clear-sign", "--output", "-", str(release))
            write_atomically(release.with_name("InRelease"), signed, mode=0o644)


@contextmanager
def _gpg_home() -> Iterator[Path]:
    """A home of gpg for one use: short, since its agent's socket may only have a path of 107 bytes."""
    if shutil.which("gpg") is None:
        raise LabError("gpg is missing (Debian package gpg): the package mirrors of the lab are signed with it")
    with scratch_folder("kyotsu-signing-") as home:
        try:
            yield home
        finally:
            # The agent ends by itself when its home is gone, but a minute later.
            subprocess.run(["gpgconf", "--homedir", str(home), "--kill", "all"], check=True, capture_output=True)
            # While it ends it takes away its own sockets: what is gone already must not stop the rest.
            if not wait_for(lambda: _removed(home), _AGENT_SECONDS):
                raise LabError(f"{home} cannot be removed")


def _removed(folder: Path) -> bool:
    shutil.rmtree(folder, ignore_errors=True)
    return not folder.exists()


def _gpg(home: Path, *arguments: str) -> bytes:
    answer = subprocess.run(
        ["gpg", "--homedir", str(home), "--batch", "--quiet", "--pinentry-mode", "loopback", *arguments],
        capture_output=True,
        check=False,
    )
    if answer.returncode:
        raise LabError(f"gpg {' '.join(arguments[:3])} failed:\n{answer.stderr.decode(errors='replace')}".rstrip())
    return answer.stdout
