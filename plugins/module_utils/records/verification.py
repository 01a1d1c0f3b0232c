"""Reading a chain entry by entry and naming what is wrong with it; pure, without a database."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Literal

from ansible_collections.kyotsu.platform.plugins.module_utils.records.errors import InvalidRecordError
from ansible_collections.kyotsu.platform.plugins.module_utils.records.values import (
    Anchor,
    Entry,
    Problem,
    Verification,
)

What = Literal["changed", "removed", "reordered", "inserted", "truncated", "rewritten"]
# Looking for the first place of a moved entry tries places; a chain with more damage is named as changed.
_MOST_PLACES = 200


class Verifier:
    """Takes the entries in the order of their ids, then says what was found."""

    def __init__(self, entry_hash: Callable[[Entry], str], anchors: Sequence[Anchor], start: Anchor) -> None:
        self._entry_hash = entry_hash
        self._anchors: dict[Anchor, str | None] = dict.fromkeys(anchors)  # anchor -> hash found at its id
        self._anchor_ids = {anchor.id for anchor in anchors}
        self._head = start
        self._checked = 0
        self._problems: list[Problem] = []
        self._wrong: list[Entry] = []
        self._open_places: list[int] = []
        if start.id in self._anchor_ids:
            self._note_anchor(start.id, start.hash)

    def read(self, entry: Entry) -> None:
        """Check one entry against itself and against the one before."""
        self._checked += 1
        expected = self._head.id + 1
        if entry.id < expected:
            self._add(entry.id, "inserted", f"entry {entry.id} has no place in the chain, which begins at 1")
            return
        if entry.id > expected:
            self._missing(expected, entry.id - 1)
        previous_is_wrong = bool(self._wrong) and self._wrong[-1].id == self._head.id
        if not self._hash_is_right(entry):
            self._wrong.append(entry)
        elif entry.previous_hash != self._head.hash and entry.id == expected and not previous_is_wrong:
            self._add(entry.id, "rewritten", f"entry {entry.id} does not follow entry {self._head.id} as it is now")
        if entry.id in self._anchor_ids:
            self._note_anchor(entry.id, entry.hash)
        self._head = Anchor(entry.id, entry.hash)

    def finish(self) -> Verification:
        """Return everything that was found, in the order of the entries."""
        self._name_wrong_entries()
        for anchor, found in self._anchors.items():
            if anchor.id > self._head.id:
                text = f"the anchor names entry {anchor.id}, but the chain ends at entry {self._head.id}: cut off"
                self._add(anchor.id, "truncated", text)
            elif found is None:
                self._add(anchor.id, "removed", f"entry {anchor.id}, which the anchor names, is not in the chain")
            elif found != anchor.hash:
                text = f"entry {anchor.id} has another hash than the anchor {anchor}: the chain was rewritten"
                self._add(anchor.id, "rewritten", text)
        problems = sorted(set(self._problems), key=lambda problem: (problem.entry_id, problem.what))
        return Verification(self._checked, self._head, tuple(problems))

    def _name_wrong_entries(self) -> None:
        places = (self._open_places + [entry.id for entry in self._wrong])[:_MOST_PLACES]
        for entry in self._wrong:
            first = next((place for place in places if self._hash_is_right(replace(entry, id=place))), None)
            if first is None:
                self._add(entry.id, "changed", f"entry {entry.id} ({entry.kind}) was changed after it was written")
            else:
                self._add(entry.id, "reordered", f"entry {entry.id} was written as entry {first}: reordered")

    def _missing(self, first: int, last: int) -> None:
        names = f"entry {first} is" if first == last else f"entries {first} to {last} are"
        self._add(first, "removed", f"{names} missing: removed")
        self._open_places.extend(range(first, min(last + 1, first + _MOST_PLACES)))

    def _hash_is_right(self, entry: Entry) -> bool:
        try:
            return self._entry_hash(entry) == entry.hash
        except InvalidRecordError:
            return False  # bytes or a type that never were in an entry

    def _note_anchor(self, entry_id: int, found: str) -> None:
        for anchor in self._anchors:
            if anchor.id == entry_id:
                self._anchors[anchor] = found

    def _add(self, entry_id: int, what: What, message: str) -> None:
        self._problems.append(Problem(entry_id, what, message))
