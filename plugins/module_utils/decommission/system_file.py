"""The one edit that decommission makes to a description: `retiring` becomes `retired`, and the file stays.

Text is replaced in its place, so that comments and order of the file remain; the result is read again before it counts.
"""

from __future__ import annotations

import re
from pathlib import Path

import yaml

from ansible_collections.kyotsu.platform.plugins.module_utils.model.system import Machine, System
from ansible_collections.kyotsu.platform.plugins.module_utils.verbs.errors import VerbRefused

_STATUS = re.compile(r"^(?P<head>\s*(?:- )?status:\s*)(?P<quote>[\"']?)retiring(?P=quote)(?P<tail>\s*(?:#.*)?)$")


def mark_retired(repository: Path, system: System, machine: Machine | None, *, reusable_from: str) -> bool:
    """Set the status of a system, or of one machine of it, to retired; False if the file says so already.

    Raises VerbRefused where the file is written in a way that this cannot change safely.
    """
    path = repository / "systems" / f"{system.id}{f'-{system.slug}' if system.slug else ''}.yml"
    text = path.read_text(encoding="utf-8")
    if _status(text, machine) == "retired":
        return False
    changed = _changed(text.splitlines(keepends=True), machine, reusable_from)
    if _status(changed, machine) != "retired" or _others(text, machine) != _others(changed, machine):
        raise VerbRefused(f'{path.name}: write `status: retired` and `reusable_from: "{reusable_from}"` by hand')
    fresh = path.with_name(f".{path.name}.new")
    fresh.write_text(changed, encoding="utf-8")
    fresh.replace(path)
    return True


def _changed(lines: list[str], machine: Machine | None, reusable_from: str) -> str:
    start, end = (0, len(lines)) if machine is None else _block(lines, machine.key)
    found = [number for number in range(start, end) if _is_status(lines[number], top=machine is None)]
    if len(found) != 1:
        return "".join(lines)
    match = _STATUS.match(lines[found[0]].rstrip("\n"))
    if match is None:
        return "".join(lines)
    lines[found[0]] = f"{match['head']}retired{match['tail']}\n"
    for number in range(start, end):
        indent = len(lines[number]) - len(lines[number].lstrip())
        if lines[number].lstrip().startswith("retirement:") and (indent == 0) == (machine is None):
            lines[number] = _with_reuse(lines[number], reusable_from)
            break
    return "".join(lines)


def _is_status(line: str, *, top: bool) -> bool:
    return _STATUS.match(line.rstrip("\n")) is not None and line.startswith("status:") == top


def _with_reuse(line: str, day: str) -> str:
    head, brace, rest = line.partition("{")
    if brace:
        return f'{head}{{reusable_from: "{day}", {rest}'
    indent = " " * (len(line) - len(line.lstrip()) + 2)
    return f'{line}{indent}reusable_from: "{day}"\n'


def _block(lines: list[str], key: str) -> tuple[int, int]:
    """Lines of the list entry that begins with this key."""
    for start, line in enumerate(lines):
        if re.match(rf"\s*- key:\s*[\"']?{re.escape(key)}[\"']?\s*$", line):
            indent = len(line) - len(line.lstrip())
            end = start + 1
            while end < len(lines) and (not lines[end].strip() or len(lines[end]) - len(lines[end].lstrip()) > indent):
                end += 1
            return start, end
    return 0, 0


def _status(text: str, machine: Machine | None) -> str | None:
    whole = yaml.safe_load(text)
    part = whole if machine is None else next(each for each in whole["machines"] if each["key"] == machine.key)
    status = part.get("status")
    return str(status) if status is not None else None


def _others(text: str, machine: Machine | None) -> object:
    """Everything of the file but what is to change."""
    whole = yaml.safe_load(text)
    part = whole if machine is None else next(each for each in whole["machines"] if each["key"] == machine.key)
    part.pop("status", None)
    part.get("retirement", {}).pop("reusable_from", None)
    return whole
