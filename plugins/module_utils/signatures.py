"""Detached SSH signatures of files, made and checked by ssh-keygen: no cryptography of our own."""

from __future__ import annotations

import subprocess
import tempfile
from collections.abc import Mapping
from pathlib import Path

NAMESPACE = "kyotsu-approval"


class SignatureError(Exception):
    """ssh-keygen is not there or refuses; the message says what to do."""


def signature_file(file: Path, identity: str) -> Path:
    """Where the signature of a person lies: CHG-1.yml -> CHG-1.yml.p-001.sig."""
    return file.with_name(f"{file.name}.{identity}.sig")


def sign(file: Path, identity: str, key: Path) -> Path:
    """Sign a file with a private key (or the public key of one in the agent); return the signature's file.

    ssh-keygen asks for the passphrase at the terminal. Raises SignatureError.
    """
    content = file.read_bytes()
    finished = _run(["-Y", "sign", "-f", str(key), "-n", NAMESPACE], content)
    if finished.returncode != 0:
        raise SignatureError(f"ssh-keygen did not sign with {key}: {_message(finished)}")
    target = signature_file(file, identity)
    target.write_bytes(finished.stdout)
    return target


def verified_signers(content: bytes, signatures: Mapping[str, bytes], public_keys: Mapping[str, str]) -> frozenset[str]:
    """Ids of those whose signature over the content is right, by the key that is known of them.

    Raises SignatureError where ssh-keygen is missing: then nothing can be told.
    """
    return frozenset(
        identity
        for identity, signature in signatures.items()
        if identity in public_keys and _verify(content, identity, signature, public_keys[identity])
    )


def _verify(content: bytes, identity: str, signature: bytes, public_key: str) -> bool:
    with tempfile.TemporaryDirectory(prefix="kyotsu-signature-") as folder:
        allowed, written = Path(folder) / "allowed", Path(folder) / "signature"
        # One signer, one key, one purpose: a signature made for another purpose is none here.
        allowed.write_text(f'{identity} namespaces="{NAMESPACE}" {public_key}\n', encoding="utf-8")
        written.write_bytes(signature)
        finished = _run(
            ["-Y", "verify", "-f", str(allowed), "-I", identity, "-n", NAMESPACE, "-s", str(written)], content
        )
    return finished.returncode == 0


def fingerprint(public_key: str) -> str:
    """SHA256:… of a public key, as people compare it. Raises SignatureError for what is no key."""
    finished = _run(["-l", "-E", "sha256", "-f", "-"], public_key.encode() + b"\n")
    if finished.returncode != 0:
        raise SignatureError(f"not a public key: {_message(finished)}")
    return finished.stdout.decode().split()[1]


def _run(arguments: list[str], content: bytes) -> subprocess.CompletedProcess[bytes]:
    try:
        return subprocess.run(["ssh-keygen", *arguments], input=content, capture_output=True, check=False)
    except FileNotFoundError:
        raise SignatureError("ssh-keygen is missing: install openssh-client") from None


def _message(finished: subprocess.CompletedProcess[bytes]) -> str:
    lines = (finished.stderr or finished.stdout).decode("utf-8", "replace").strip().split("\n")
    return lines[-1] or f"exit code {finished.returncode}"
