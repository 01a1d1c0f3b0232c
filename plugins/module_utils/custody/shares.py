"""Escrow sheets: the passphrase of a key in n sheets of words, of which any k give it back (SLIP-0039). Pure.

https://github.com/satoshilabs/slips/blob/master/slip-0039.md: Shamir's secret sharing over GF(256), each sheet with a
checksum and the set that it belongs to. The words can be read with any implementation of SLIP-0039.
"""

from __future__ import annotations

from collections.abc import Sequence

from shamir_mnemonic import MnemonicError, combine_mnemonics, generate_mnemonics

from ansible_collections.kyotsu.platform.plugins.module_utils.custody.key_paper import (
    KeyPaperUnreadable,
    passphrase_entropy,
    passphrase_of,
)


def split_passphrase(phrase: str, *, needed: int, sheets: int) -> tuple[str, ...]:
    """The words of each sheet (20 each); every call makes another set, sheets of two sets do not mix."""
    if not 2 <= needed <= sheets <= 16:
        raise ValueError(f"{needed} of {sheets} sheets: at least 2 are needed, and at most 16 are possible")
    groups = generate_mnemonics(1, [(needed, sheets)], passphrase_entropy(phrase))
    return tuple(str(words) for words in groups[0])


def join_sheets(sheets: Sequence[str]) -> str:
    """The passphrase from as many sheets as are needed; KeyPaperUnreadable says what is wrong with them."""
    words = [" ".join(sheet.lower().split()) for sheet in sheets if sheet.strip()]
    try:
        return passphrase_of(bytes(combine_mnemonics(words)))
    except (MnemonicError, ValueError) as error:
        # The library's own text may quote words of a sheet.
        raise KeyPaperUnreadable(
            f"{len(words)} sheets do not give the passphrase: too few, of two sets, or a word was read wrong"
        ) from error
