"""What the validation says: one finding per mistake, each with its place, its rule and what to do."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from ansible_collections.kyotsu.platform.plugins.module_utils.model.system import Text

Severity = Literal["error", "warning"]
Language = Literal["en", "ja"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing that is wrong, or soon will be.

    `file` is relative to the repository with forward slashes, `line` counts from 1, `object` names the system, machine
    or platform object (empty where the file could not be read that far).
    """

    rule: str
    severity: Severity
    file: str
    line: int
    object: str
    message: Text
    remedy: Text


class InvalidEstate(Exception):
    """The data is not fit to be used. `findings` are all of them, warnings too; the text is the list and its count."""

    def __init__(self, findings: Iterable[Finding]) -> None:
        self.findings = tuple(findings)
        super().__init__(f"{format_findings(self.findings, 'en')}\n{count_text(self.findings, 'en')}")


def say(text: Text, language: Language) -> str:
    """The text in one language."""
    return text.ja if language == "ja" else text.en


def sort_findings(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """In the order in which a person walks through the files; the same finding twice is one."""
    unique = dict.fromkeys(findings)
    return tuple(sorted(unique, key=lambda item: (item.file, item.line, item.rule, item.object, item.message.en)))


def count(findings: Iterable[Finding]) -> tuple[int, int]:
    """(errors, warnings)."""
    severities = [finding.severity for finding in findings]
    return severities.count("error"), severities.count("warning")


def count_text(findings: Iterable[Finding], language: Language) -> str:
    """The count as people read it: "2 errors, 1 warning"."""
    errors, warnings = count(findings)
    if language == "ja":
        return f"エラー {errors} 件、警告 {warnings} 件"
    return f"{plural(errors, 'error')}, {plural(warnings, 'warning')}"


def plural(number: int, noun: str) -> str:
    """ "1 file", "2 files"."""
    return f"{number} {noun}{'' if number == 1 else 's'}"


def format_findings(findings: Iterable[Finding], language: Language) -> str:
    """One line each, as compilers write them, so that editors jump to the place.

    `file:line: [rule] message — remedy`; a warning says so after the rule.
    """
    mark = {"error": "", "warning": "警告: " if language == "ja" else "warning: "}
    return "\n".join(
        f"{finding.file}:{finding.line}: [{finding.rule}] {mark[finding.severity]}"
        f"{say(finding.message, language)} — {say(finding.remedy, language)}"
        for finding in findings
    )
