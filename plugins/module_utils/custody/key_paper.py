"""The private key on paper: locked under a passphrase, in texts that fit QR codes, and back. Pure.

The paper must work without this repository: the parts are Base64 of an encrypted PKCS#8 key (RFC 5958), which
`openssl pkcs8 -inform DER` opens with the words of the other envelope. Every part says which key it belongs to, how
many there are, and the first 8 hexadecimal digits of the SHA-256 over the whole.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from collections.abc import Iterable
from dataclasses import dataclass

from cryptography.hazmat.primitives import serialization
from mnemonic import Mnemonic

# 128 bits, with a checksum of BIP 39 in the last word: a word that was read wrong is noticed before openssl says no.
PASSPHRASE_BITS = 128
# Base64 characters of one code: version 20 of ISO/IEC 18004 at level M, which a phone reads from paper.
PART_LENGTH = 560
_PART = re.compile(
    r"KYOTSU-KEY1 (?P<key>[a-z0-9-]+) (?P<number>[0-9]+)/(?P<count>[0-9]+) "
    r"(?P<check>[0-9a-f]{8}) (?P<data>[A-Za-z0-9+/=]+)"
)


class KeyPaperUnreadable(Exception):
    """What was read from paper is not a whole key; the message says what is missing or wrong."""


@dataclass(frozen=True, slots=True)
class LockedKey:
    """A private key under its passphrase: safe to print, useless without the words."""

    key_id: str
    content: bytes  # encrypted PKCS#8, DER

    @property
    def check(self) -> str:
        """First 8 hexadecimal digits of the SHA-256 of the content."""
        return hashlib.sha256(self.content).hexdigest()[:8]


def new_passphrase() -> str:
    """Twelve English words of BIP 39 from the system's random source, separated by spaces."""
    return Mnemonic("english").generate(strength=PASSPHRASE_BITS)


def checked_passphrase(text: str) -> str:
    """The words as they were made, from what a person typed; KeyPaperUnreadable names the word that is wrong."""
    language = Mnemonic("english")
    words = text.lower().split()
    known = set(language.wordlist)
    # The first four letters of each word are unique by design of the list.
    by_start = {word[:4]: word for word in language.wordlist}
    full = [word if word in known else by_start.get(word[:4], "") if len(word) == 4 else "" for word in words]
    for number, word in enumerate(full, 1):
        if not word:
            raise KeyPaperUnreadable(f"word {number} is not in the list: read it again")
    if len(full) != 12:
        raise KeyPaperUnreadable(f"the passphrase has 12 words, {len(full)} given")
    phrase = " ".join(full)
    if not language.check(phrase):
        raise KeyPaperUnreadable("every word is in the list, but they do not belong together: one was read wrong")
    return phrase


def passphrase_entropy(phrase: str) -> bytes:
    """The 16 bytes that the words stand for; these are what escrow sheets share."""
    return bytes(Mnemonic("english").to_entropy(checked_passphrase(phrase)))


def passphrase_of(entropy: bytes) -> str:
    """The words for 16 bytes."""
    return Mnemonic("english").to_mnemonic(entropy)


def lock_key(key_id: str, private_pem: bytes, phrase: str) -> LockedKey:
    """Lock an unencrypted private key in PEM under the words of `new_passphrase`."""
    try:
        key = serialization.load_pem_private_key(private_pem, password=None)
    except (ValueError, TypeError) as error:
        raise KeyPaperUnreadable(f"{key_id}: the file holds no unencrypted private key in PEM") from error
    content = key.private_bytes(
        serialization.Encoding.DER,
        serialization.PrivateFormat.PKCS8,
        serialization.BestAvailableEncryption(checked_passphrase(phrase).encode()),
    )
    return LockedKey(key_id, content)


def unlock_key(locked: LockedKey, phrase: str) -> bytes:
    """The private key in PEM; KeyPaperUnreadable with other words than those it was locked with."""
    try:
        key = serialization.load_der_private_key(locked.content, password=checked_passphrase(phrase).encode())
    except (ValueError, TypeError) as error:
        raise KeyPaperUnreadable(f"{locked.key_id}: the words do not open this key: another envelope?") from error
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


def key_parts(locked: LockedKey) -> tuple[str, ...]:
    """The texts of the QR codes, as many as it takes."""
    text = base64.b64encode(locked.content).decode()
    pieces = [text[start : start + PART_LENGTH] for start in range(0, len(text), PART_LENGTH)]
    return tuple(
        f"KYOTSU-KEY1 {locked.key_id} {number}/{len(pieces)} {locked.check} {piece}"
        for number, piece in enumerate(pieces, 1)
    )


def join_parts(texts: Iterable[str]) -> LockedKey:
    """The key from the texts of its codes, in any order and read twice or not; KeyPaperUnreadable else."""
    found: dict[int, str] = {}
    heads: set[tuple[str, int, str]] = set()
    for text in texts:
        match = _PART.fullmatch(text.strip())
        if match is None:
            raise KeyPaperUnreadable("a code is not part of a key page: scan the codes of one page only")
        heads.add((match["key"], int(match["count"]), match["check"]))
        found[int(match["number"])] = match["data"]
    if not heads:
        raise KeyPaperUnreadable("no code was read")
    if len(heads) > 1:
        keys = ", ".join(sorted({head[0] for head in heads}))
        raise KeyPaperUnreadable(f"codes of several pages are mixed ({keys}): scan one page at a time")
    name, count, check = heads.pop()
    missing = [str(number) for number in range(1, count + 1) if number not in found]
    if missing:
        raise KeyPaperUnreadable(f"{name}: code {', '.join(missing)} of {count} is missing: scan it")
    try:
        content = base64.b64decode("".join(found[number] for number in range(1, count + 1)), validate=True)
    except binascii.Error:
        raise KeyPaperUnreadable(f"{name}: the codes do not fit together: scan the page again") from None
    locked = LockedKey(name, content)
    if locked.check != check:
        raise KeyPaperUnreadable(f"{name}: the checksum does not match: scan the page again")
    return locked
