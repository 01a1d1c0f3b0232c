"""Arguments that all modules share, and the one way in which a module ends. Documented in doc_fragments/target.py."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any, NoReturn, Protocol

from ansible_collections.kyotsu.platform.plugins.module_utils.verbs.errors import VerbRefused
from ansible_collections.kyotsu.platform.plugins.module_utils.verbs.failures import FAILURES


class Module(Protocol):
    """The part of AnsibleModule that is used here; the core does not import Ansible."""

    params: Mapping[str, Any]

    def exit_json(self, **result: Any) -> NoReturn:
        """End well."""

    def fail_json(self, msg: str, **result: Any) -> NoReturn:
        """End badly, with one message."""


TARGET: dict[str, Any] = {
    "type": "dict",
    "required": True,
    "options": {
        "environment": {"type": "str", "required": True, "choices": ["lab", "production"]},
        "production": {"type": "bool", "required": True},
        "repository": {"type": "path", "required": True},
        "cache_directory": {"type": "path"},
        "records_url": {"type": "str", "required": True},
        "nfs_root": {"type": "path"},
        "create_templates": {"type": "bool", "default": False},
        "host_user": {"type": "str"},
        "host_password": {"type": "str", "no_log": True},
        "host_passwords": {"type": "dict", "default": {}, "no_log": True},
        "host_thumbprints": {"type": "dict", "default": {}},
        "host_domain": {"type": "str"},
        "require_approval": {"type": "bool", "default": False},
        "administrator_keys_file": {"type": "path", "no_log": False},
        "vcenters": {
            "type": "list",
            "elements": "dict",
            "required": True,
            "options": {
                "id": {"type": "str", "required": True},
                "hostname": {"type": "str", "required": True},
                "port": {"type": "int", "default": 443},
                "username": {"type": "str", "required": True},
                "password": {"type": "str", "required": True, "no_log": True},
                "ca_file": {"type": "path", "required": True},
                "datacenter": {"type": "str", "required": True},
            },
        },
    },
}


def arguments(**own: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """The argument_spec of a module: the shared arguments and its own."""
    return {"target": TARGET, "now": {"type": "str"}, **own}


def time_of(params: Mapping[str, Any]) -> datetime | None:
    """The argument `now` as a time with offset, None for the present. Raises VerbRefused with what to write instead."""
    text = params["now"]
    if text is None:
        return None
    try:
        time = datetime.fromisoformat(text)
    except ValueError:
        time = None
    if time is None or time.tzinfo is None:
        raise VerbRefused(f"now: {text!r} is not a time with an offset; write for example 2026-11-24T22:30:00+09:00")
    return time


def path_of(params: Mapping[str, Any], name: str) -> Path | None:
    """An argument that is a path, or None where it is not given."""
    return Path(params[name]) if params[name] else None


class Answer(Protocol):
    """What a verb gives."""

    def as_result(self) -> dict[str, Any]:
        """The module's return values (JSON)."""


def finish(module: Module, run: Callable[[], Answer]) -> NoReturn:
    """Run the verb and end the module: expected failures as one message; anything else is a bug, with its traceback."""
    try:
        result = run().as_result()
    except FAILURES as error:
        module.fail_json(msg=str(error))
    module.exit_json(**result)
