"""What a report is about: the systems that its filters leave, and whose they are. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import cached_property

from ansible_collections.kyotsu.platform.plugins.module_utils.model.estate import Estate
from ansible_collections.kyotsu.platform.plugins.module_utils.model.platform import Organisation
from ansible_collections.kyotsu.platform.plugins.module_utils.model.system import System
from ansible_collections.kyotsu.platform.plugins.module_utils.schema_words import suggest
from ansible_collections.kyotsu.platform.plugins.module_utils.usage.inputs import Filters, UnusableRequest


class Scope:
    """One estate seen through filters, each an id or an exact name. UnusableRequest: there is none such."""

    def __init__(self, estate: Estate, filters: Filters) -> None:
        self.estate = estate
        self.filters = filters
        self._units = {unit.id: unit for unit in estate.platform.organisations}
        self._system = filters.system and _find(
            "system",
            filters.system,
            ((system.id, (system.name, system.name_en, system.slug or "")) for system in estate.systems),
        )
        self._owner = filters.owner and _find(
            "owner",
            filters.owner,
            ((unit.id, (unit.name, unit.name_en)) for unit in estate.platform.organisations),
        )
        self._segment = filters.segment and _find(
            "segment",
            filters.segment,
            ((segment.id, (segment.name, segment.name_en)) for segment in estate.platform.segments),
        )

    @property
    def is_whole(self) -> bool:
        """Whether nothing is filtered out."""
        return not (self._system or self._owner or self._segment)

    @cached_property
    def systems(self) -> tuple[System, ...]:
        """The systems that the filters leave, in the order of the estate."""
        return tuple(system for system in self.estate.systems if self.has(system.id, system.owner, system.segment))

    @cached_property
    def system_ids(self) -> frozenset[str]:
        """Their ids."""
        return frozenset(system.id for system in self.systems)

    @cached_property
    def clusters(self) -> frozenset[str]:
        """Clusters that the report shows, by name: all without a filter, else those of the systems or the segment."""
        if self.is_whole:
            return frozenset(self.estate.cluster_by_name)
        names = {system.cluster for system in self.systems}
        if self._segment and not (self._system or self._owner):
            names |= {cluster.name for cluster in self.estate.platform.clusters if cluster.segment == self._segment}
        return frozenset(names)

    def has(self, system: str | None, owner: str | None, segment: str | None) -> bool:
        """Whether something of this system, owner (organisation id) and segment is in the report."""
        if self._system and system != self._system:
            return False
        if self._owner and not any(unit.id == self._owner for unit in self._chain(owner)):
            return False
        return not self._segment or segment == self._segment

    def division(self, owner: str) -> str:
        """Id of the division that an organisation belongs to; itself where nothing of that kind stands above it."""
        return next((unit.id for unit in self._chain(owner) if unit.kind == "division"), owner)

    def bureau(self, owner: str) -> str | None:
        """Id of the bureau that an organisation belongs to."""
        return next((unit.id for unit in self._chain(owner) if unit.kind == "bureau"), None)

    def names(self, unit: str) -> tuple[str, str]:
        """(Japanese, English) name of an organisation; its id twice where it is not described."""
        found = self._units.get(unit)
        return (found.name, found.name_en) if found else (unit, unit)

    def _chain(self, owner: str | None) -> Iterator[Organisation]:
        """An organisation and everything above it; ends where data makes a ring."""
        seen: set[str] = set()
        while owner is not None and owner not in seen and owner in self._units:
            seen.add(owner)
            yield self._units[owner]
            owner = self._units[owner].parent


def _find(what: str, text: str, known: Iterable[tuple[str, tuple[str, ...]]]) -> str:
    """The id of what is called so, by id or name."""
    listed = list(known)
    for identity, names in listed:
        if text == identity or text in names:
            return identity
    words = [word for identity, names in listed for word in (identity, *names) if word]
    near = suggest(text, words)
    hint = near.en if near else f"known: {', '.join(identity for identity, _ in listed)}"
    raise UnusableRequest(f'there is no {what} "{text}"; {hint}')
