"""The part of a system's file that describes one machine, as it stands there: what a manifest keeps of the YAML."""

from __future__ import annotations

from pathlib import Path

import yaml

from ansible_collections.kyotsu.platform.plugins.module_utils.model.system import Machine, System


def machine_text(repository: Path, system: System, machine: Machine) -> str:
    """The entry of a machine in systems/, word for word. KeyError if it is not there (the file has changed meanwhile).

    The file is found by its name, which begins with the system's id.
    """
    for path in sorted((repository / "systems").glob(f"{system.id}*.yml")):
        text = path.read_text(encoding="utf-8")
        root = yaml.compose(text, Loader=yaml.SafeLoader)
        for entry in _machines(root):
            values = {key.value: value.value for key, value in entry.value}
            if values.get("key") == machine.key:
                return text[entry.start_mark.index : entry.end_mark.index].rstrip() + "\n"
    raise KeyError(f"{machine.key} is in no file systems/{system.id}*.yml")


def _machines(root: yaml.Node | None) -> list[yaml.MappingNode]:
    if not isinstance(root, yaml.MappingNode):
        return []
    lists = [value for key, value in root.value if key.value == "machines" and isinstance(value, yaml.SequenceNode)]
    return [entry for each in lists for entry in each.value if isinstance(entry, yaml.MappingNode)]
