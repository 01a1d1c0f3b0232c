"""One language: titles, and the estate's own names of what the report has by id."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from ansible_collections.kyotsu.platform.plugins.module_utils.findings import Language, say
from ansible_collections.kyotsu.platform.plugins.module_utils.model.estate import Estate
from ansible_collections.kyotsu.platform.plugins.module_utils.model.system import Text
from ansible_collections.kyotsu.platform.plugins.module_utils.report_forms.tables import Column, Kind


@dataclass(frozen=True)
class Speech:
    """Says things in one language. Ids that the estate does not know are said as they are."""

    language: Language
    estate: Estate

    def __call__(self, ja: str, en: str) -> str:
        """One of the two."""
        return ja if self.language == "ja" else en

    def text(self, text: Text) -> str:
        """The text in this language."""
        return say(text, self.language)

    def code(self, words: Mapping[Any, Text], code: str) -> str:
        """The words of a code; the code itself where it has none."""
        return self.text(words[code]) if code in words else code

    def column(self, key: str, ja: str, en: str, kind: Kind = "text", **more: Any) -> Column:
        """A column with its title."""
        return Column(key=key, title=self(ja, en), kind=kind, **more)

    def segment(self, segment: str | None) -> str:
        """Name of a segment."""
        return self._names["segment"].get(segment or "", segment or "-")

    def tier(self, tier: str | None) -> str:
        """Name of a storage tier."""
        return self._names["tier"].get(tier or "", tier or self("階層なし", "no tier"))

    def equipment(self, equipment: str | None) -> str:
        """Name of an equipment."""
        return self._names["equipment"].get(equipment or "", equipment or "-")

    def system(self, system: str | None) -> str:
        """Name of a system."""
        return self._names["system"].get(system or "", system or "-")

    def organisation(self, organisation: str | None) -> str:
        """Name of an organisation unit."""
        return self._names["organisation"].get(organisation or "", organisation or "-")

    @cached_property
    def _names(self) -> dict[str, dict[str, str]]:
        platform = self.estate.platform
        return {
            "segment": {each.id: self(each.name, each.name_en) for each in platform.segments},
            "tier": {each.id: self.text(each.name) for each in platform.tiers},
            "equipment": {each.id: self(each.name, each.name_en) for each in platform.equipment},
            "system": {each.id: self(each.name, each.name_en) for each in self.estate.systems},
            "organisation": {each.id: self(each.name, each.name_en) for each in platform.organisations},
        }
