"""Plain scalars of YAML: the core schema's values, and those that readers of YAML 1.1 take for something else."""

from __future__ import annotations

import re
from typing import Any

import yaml

from ansible_collections.kyotsu.platform.plugins.module_utils.model.system import Text

_INTEGER = re.compile(r"[-+]?(?:0|[1-9][0-9]{0,17})\Z")
_FLOAT = re.compile(r"[-+]?(?:0|[1-9][0-9]{0,17})\.[0-9]{1,17}\Z")
CONSTANTS: dict[str, bool | None] = {
    "": None, "~": None, "null": None, "Null": None, "NULL": None,
    "true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False,
}  # fmt: skip
_FIRST_OF_OTHER = frozenset("0123456789+-.yYnNoO=<")  # a plain scalar with another first character is text
_BOOLEAN_TRAP = re.compile(r"(?:yes|Yes|YES|on|On|ON)\Z|(?P<no>no|No|NO|off|Off|OFF)\Z")
_NUMBER_TRAP = re.compile(
    r"""(?:
      [-+]?0b[01_]+ | [-+]?0x[0-9a-fA-F_]+ | [-+]?0o[0-7]+ | [-+]?0[0-9_]+ | [-+]?[0-9][0-9_]*
    | [-+]?[1-9][0-9_]*(?::[0-5]?[0-9])+(?:\.[0-9_]*)?
    | [-+]?[0-9][0-9_]*\.[0-9_]*(?:[eE][-+]?[0-9]+)? | [-+]?\.[0-9][0-9_]*(?:[eE][-+]?[0-9]+)?
    | [-+]?[0-9]+[eE][-+]?[0-9]+
    | [-+]?\.(?:inf|Inf|INF) | \.(?:nan|NaN|NAN) | = | <<
    )\Z""",
    re.VERBOSE,
)


def plain(text: str) -> tuple[Any, Text | None]:
    """(value, what is wrong with it) of a scalar without quotes; the value of what is wrong is its text."""
    if text in CONSTANTS:
        return CONSTANTS[text], None
    if text[0] not in _FIRST_OF_OTHER:
        return text, None
    if _INTEGER.match(text):
        return int(text), None
    if _FLOAT.match(text):
        return float(text), None
    return text, trap(text)


def is_number(text: str) -> bool:
    """Whether a reader of YAML takes the plain text for a number."""
    return text[0] in _FIRST_OF_OTHER and bool(_INTEGER.match(text) or _FLOAT.match(text) or _NUMBER_TRAP.match(text))


def trap(text: str) -> Text | None:
    """What other readers of YAML (Ansible, editors) make of a plain scalar, if not what stands there."""
    match = _BOOLEAN_TRAP.match(text)
    if match:
        read_as = "false" if match.group("no") else "true"
        return Text(en=f"{text} was read as {read_as}", ja=f"{text} は {read_as} と解釈されます")
    if not _NUMBER_TRAP.match(text):
        return None
    try:
        value = yaml.safe_load(text)
    except (yaml.YAMLError, ValueError):
        value = None
    if isinstance(value, int | float) and len(text) <= 40:
        return Text(en=f"{text} was read as {value}", ja=f"{text} は数値 {value} と解釈されます")
    shown = text if len(text) <= 40 else text[:37] + "..."
    return Text(en=f"{shown} is ambiguous in YAML", ja=f"{shown} は YAML では曖昧です")


def trap_remedy(text: str) -> Text:
    """What to write instead."""
    shown = text if len(text) <= 40 else text[:37] + "..."
    match = _BOOLEAN_TRAP.match(text)
    if match:
        word = "false" if match.group("no") else "true"
        return Text(
            en=f'write "{shown}" in quotes if text is meant, {word} if yes or no is meant',
            ja=f'文字列なら引用符で "{shown}" と、真偽値なら {word} と書いてください',
        )
    return Text(en=f'write "{shown}" in quotes', ja=f'引用符で囲み "{shown}" と書いてください')
