"""What a rule may know beside the estate: the day, the places of things, and the policy that gives severities."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cached_property

from ansible_collections.kyotsu.platform.plugins.module_utils.document import Document, Keys
from ansible_collections.kyotsu.platform.plugins.module_utils.findings import Finding, Severity
from ansible_collections.kyotsu.platform.plugins.module_utils.model.estate import Estate
from ansible_collections.kyotsu.platform.plugins.module_utils.model.platform import FILES, Rule
from ansible_collections.kyotsu.platform.plugins.module_utils.model.system import Text

STEM_OF_LIST = {name: file.removesuffix(".yml") for file, names in FILES.items() for name in names}
FILE_OF_LIST = {name: f"platform/{file}" for file, names in FILES.items() for name in names}


@dataclass(frozen=True)
class Context:
    """Built by the loader.

    `system_documents` are in the order of `estate.systems`; `platform_documents` are by stem of file ("networks").
    `unread` are the stems of system files with errors of their own: a reference to such a system is not unknown.
    """

    estate: Estate
    as_of: date
    system_documents: tuple[Document, ...]
    platform_documents: dict[str, Document]
    unread: tuple[str, ...] = ()

    @cached_property
    def policy(self) -> dict[str, Rule]:
        """Rule of platform/policy.yml by its id."""
        return {rule.id: rule for rule in self.estate.platform.rules}

    @cached_property
    def soon(self) -> str:
        """The first day, as ISO date, that is not yet announced: what ends before it is warned about."""
        return (self.as_of + timedelta(days=self.estate.platform.limits.expiry_warning_days)).isoformat()

    def is_over(self, day: str) -> bool:
        """Whether a last day (ISO date) has passed."""
        return day < self.as_of.isoformat()

    def place(self, keys: Keys) -> tuple[str, int]:
        """(file, line) of a path into the estate: ("systems", 3, "machines", 0, "name") or ("networks", 2, "cidr").

        Line 1 where the estate did not come from files that were just read.
        """
        if keys[0] == "systems" and isinstance(keys[1], int):
            if keys[1] < len(self.system_documents):
                document = self.system_documents[keys[1]]
                return document.file, document.line(keys[2:])
            system = self.estate.systems[keys[1]]
            return f"systems/{system.id}{f'-{system.slug}' if system.slug else ''}.yml", 1
        found = self.platform_documents.get(STEM_OF_LIST[str(keys[0])])
        return (found.file, found.line(keys)) if found else (FILE_OF_LIST[str(keys[0])], 1)

    def at(self, keys: Keys) -> str:
        """A place as text, for messages that name a second one: systems/s02.yml:41."""
        file, line = self.place(keys)
        return f"{file}:{line}"

    def severity(self, rule: str) -> Severity:
        """By the policy. A rule that a person still has to confirm warns; a rule without an entry is an error."""
        entry = self.policy.get(rule)
        if entry is None:
            return "error"
        if entry.status == "confirm" and not (entry.confirmed_by and entry.confirmed_on):
            return "warning"
        return "warning" if entry.severity == "warning" else "error"

    def finding(
        self, rule: str, keys: Keys, thing: str, message: Text, remedy: Text, *, only_warn: bool = False
    ) -> Finding:
        """A finding at a path into the estate. `only_warn`: this case of the rule never is more than a warning."""
        file, line = self.place(keys)
        return Finding(
            rule=rule,
            severity="warning" if only_warn else self.severity(rule),
            file=file,
            line=line,
            object=thing,
            message=message,
            remedy=remedy,
        )

    def is_unread(self, system_id: str) -> bool:
        """Whether the system's file exists and has errors of its own, so that nothing more is known of it."""
        return any(stem == system_id or stem.startswith(f"{system_id}-") for stem in self.unread)

    def is_unread_machine(self, key: str) -> bool:
        """Whether the key may be that of a machine in a system file with errors of its own."""
        return any(key.startswith(f"{system}-") for stem in self.unread for system in (stem, stem.split("-")[0]))


Findings = Iterable[Finding]
