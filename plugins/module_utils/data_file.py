"""One YAML file of data beside the estate, read against its JSON Schema into a typed value: approvals, answers."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TypeVar

import msgspec

from ansible_collections.kyotsu.platform.plugins.module_utils.findings import Finding, format_findings

T = TypeVar("T")


class DataFileError(Exception):
    """The file or its schema is missing or not sound; the message says file, line and what to do."""


def read_data_file(repository: Path, path: Path, schema: str, kind: type[T]) -> tuple[bytes, T]:
    """(content, value). `schema` is a path below the repository; `path` is told by its folder and name only.

    Raises DataFileError.
    """
    from ansible_collections.kyotsu.platform.plugins.module_utils.schema import compiled
    from ansible_collections.kyotsu.platform.plugins.module_utils.source import parse
    from ansible_collections.kyotsu.platform.plugins.module_utils.text_file import read_bytes

    name = f"{path.absolute().parent.name}/{path.name}"
    content, unreadable = read_bytes(path, name)
    if content is None:
        raise DataFileError(_told([unreadable]) if unreadable else f"{name}: cannot be read")
    try:
        text = (repository / schema).read_bytes()
    except OSError as error:
        raise DataFileError(f"{schema}: {error.strerror}") from error
    document = parse(content, name)
    findings = list(document.findings)
    if not findings:
        findings = compiled(text).check(document)
    if findings:
        raise DataFileError(_told(findings))
    try:
        return content, msgspec.convert(document.value, kind)
    except msgspec.ValidationError as error:
        raise DataFileError(f"{name}: {error}") from error


def _told(findings: Iterable[Finding]) -> str:
    return format_findings(findings, "en")
