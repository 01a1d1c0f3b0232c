"""The lab's key escrow: sheets of a real key, locked and opened again in memory: a lab has no printer and no safe."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from ansible_collections.kyotsu.platform.plugins.module_utils.custody.key_paper import (
    key_parts,
    lock_key,
    new_passphrase,
)
from ansible_collections.kyotsu.platform.plugins.module_utils.custody.keys import (
    KeyAction,
    KeyEvent,
    current_key,
    escrow_gaps,
    key_id,
)
from ansible_collections.kyotsu.platform.plugins.module_utils.custody.shares import split_passphrase
from ansible_collections.kyotsu.platform.plugins.module_utils.model.platform import Platform
from ansible_collections.kyotsu.platform.plugins.module_utils.records.store import Store
from ansible_collections.kyotsu.platform.plugins.module_utils.records.values import Origin
from ansible_collections.kyotsu.platform.plugins.module_utils.vault import keys
from lab.errors import LabError

# Two people are asked for; in a lab nobody is there, and the records shall say so.
PEOPLE = ("lab operator 1", "lab operator 2")


def ensure_escrow(store: Store, platform: Platform, segment: str, key_file: Path, origin: Origin) -> str | None:
    """Bring a segment's key into escrow and prove it by a drill; give the key's id, None where that was done before.

    Papers and sheets exist in memory only. What is proven is that they open the key: the drill reads them back.
    Raises LabError where the file holds another key than the records know.
    """
    now = datetime.now(UTC)
    statuses = store.tape_keys.statuses()
    name = current_key(statuses, segment)
    if name is not None and not escrow_gaps(statuses[name], platform.key_escrow, platform.sites, now.date()):
        return None

    def record(key: str, action: KeyAction, **details: str) -> None:
        store.tape_keys.record(KeyEvent(key, action, datetime.now(UTC), PEOPLE, details), origin)

    expected = keys.fingerprint(key_file)
    if name is not None and statuses[name].fingerprint != expected:
        raise LabError(f"{key_file} is not the key {name} of the records: the lab's keys or its records were exchanged")
    if name is None:
        name = key_id(segment, 1)
        record(name, "create", fingerprint=expected)
    # After a kill in the middle the sheets of the first attempt open papers that nobody has.
    for sheet in sorted(statuses[name].sheets) if name in statuses else ():
        record(name, "withdraw", sheet=sheet, reason="of papers that were never finished")
    rule = platform.key_escrow
    phrase = new_passphrase()
    codes = key_parts(lock_key(name, key_file.read_bytes(), phrase))
    sheets = split_passphrase(phrase, needed=rule.needed, sheets=rule.sheets)
    record(name, "print", parts=str(len(codes)))
    for number, site in enumerate(keys.sheet_sites(rule), 1):
        record(name, "deposit", sheet=str(number), site=site)
    read_back = dict(enumerate(sheets[: rule.needed], 1))
    keys.drill(codes, phrase, read_back, expected)
    record(name, "drill", sheets=" ".join(str(number) for number in read_back))
    return name
