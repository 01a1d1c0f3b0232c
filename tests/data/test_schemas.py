"""The schemas say what the dataclasses say, in both languages, and leave no object open."""

from __future__ import annotations

import dataclasses
import functools
import json
import types
import typing
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest
import yaml

from ansible_collections.kyotsu.platform.plugins.module_utils.model.platform import FILES, Platform
from ansible_collections.kyotsu.platform.plugins.module_utils.model.system import System

ROOT = Path(__file__).resolve().parents[2]
SCHEMAS = {
    path.relative_to(ROOT).as_posix(): path
    for folder in ("systems", "platform")
    for path in sorted((ROOT / folder / "_schema").glob("*.schema.json"))
}
SYSTEM_SCHEMA = "systems/_schema/system.schema.json"
DATA = {
    path.relative_to(ROOT).as_posix(): path
    for folder in ("systems", "platform")
    for path in sorted((ROOT / folder).glob("*.yml"))
    if path.name != "report.yml"
}
# Mapping types of Python to those of JSON Schema.
JSON_TYPES = {str: "string", int: "integer", float: "number", bool: "boolean"}
# The model has a usual value for these parts of platform/.
MAY_BE_LEFT_OUT = {"backup_run", "restore_drill", "file_sources"}

Node = dict[str, Any]

each_schema = pytest.mark.parametrize("name", SCHEMAS)


@functools.cache
def schema(name: str) -> Node:
    content = json.loads(SCHEMAS[name].read_text(encoding="utf-8"))
    assert isinstance(content, dict)
    return content


def schema_of(data: str) -> str:
    folder, file = data.split("/")
    return SYSTEM_SCHEMA if folder == "systems" else f"platform/_schema/{Path(file).stem}.schema.json"


def resolve(root: Node, node: Node) -> Node:
    """The node itself, or the definition in the same file that it refers to."""
    if "$ref" not in node:
        return node
    found = root["$defs"][node["$ref"].removeprefix("#/$defs/")]
    assert isinstance(found, dict)
    return found


def objects(root: Node) -> Iterator[tuple[str, Node]]:
    """(place, node) of every object of a schema that describes data: the top and all definitions."""
    yield "(top)", root
    yield from root.get("$defs", {}).items()


def all_nodes(node: Any) -> Iterator[Node]:
    if isinstance(node, dict):
        yield node
        for part in node.values():
            yield from all_nodes(part)
    elif isinstance(node, list):
        for part in node:
            yield from all_nodes(part)


def differences(root: Node, node: Node, hint: Any, place: str, *, nullable: bool) -> Iterator[str]:
    """What the schema says differently from the type; `nullable`: None is written as null, not left out."""
    node = resolve(root, node)
    if typing.get_origin(hint) in {typing.Union, types.UnionType}:
        (hint,) = [part for part in typing.get_args(hint) if part is not types.NoneType]
        wanted_null = nullable
    else:
        wanted_null = False
    kinds = node.get("type")
    has_null = isinstance(kinds, list) and "null" in kinds
    if has_null != wanted_null:
        yield f"{place}: null is {'allowed' if has_null else 'refused'} by the schema only"
    kind = next(part for part in kinds if part != "null") if isinstance(kinds, list) else kinds
    if dataclasses.is_dataclass(hint):
        if kind != "object":
            yield f"{place}: {kind} instead of an object"
        yield from fields_differ(root, node, typing.cast("type[Any]", hint), place)
    elif typing.get_origin(hint) is tuple:
        if kind != "array":
            yield f"{place}: {kind} instead of an array"
        for items in (node["items"], *node.get("prefixItems", [])):
            yield from differences(root, items, typing.get_args(hint)[0], f"{place}[]", nullable=False)
    elif kind != JSON_TYPES[hint]:
        yield f"{place}: {kind} instead of {JSON_TYPES[hint]}"


def fields_differ(root: Node, node: Node, shape: type[Any], place: str) -> Iterator[str]:
    hints = typing.get_type_hints(shape)
    fields = {field.name: field for field in dataclasses.fields(shape)}
    if list(node["properties"]) != list(fields):
        yield f"{place}: properties {sorted(set(node['properties']) ^ set(fields)) or 'in another order'}"
        return
    required = {name for name, field in fields.items() if field.default is dataclasses.MISSING}
    if set(node["required"]) != required:
        yield f"{place}: required {sorted(set(node['required']) ^ required)}"
    for name, field in fields.items():
        part = node["properties"][name]
        if "default" in part and part["default"] != field.default:
            yield f"{place}.{name}: default {part['default']!r} instead of {field.default!r}"
        yield from differences(root, part, hints[name], f"{place}.{name}", nullable=name in required)


def test_system_schema_has_the_fields_of_the_dataclasses() -> None:
    root = schema(SYSTEM_SCHEMA)
    assert list(fields_differ(root, root, System, "system")) == []


@pytest.mark.parametrize("file", FILES)
def test_platform_schema_has_the_fields_of_the_dataclasses(file: str) -> None:
    root = schema(schema_of(f"platform/{file}"))
    assert list(root["properties"]) == list(FILES[file])
    assert root["required"] == [name for name in FILES[file] if name not in MAY_BE_LEFT_OUT]
    hints = typing.get_type_hints(Platform)
    found = [
        text
        for name in FILES[file]
        for text in differences(root, root["properties"][name], hints[name], name, nullable=False)
    ]
    assert found == []


def test_a_field_that_only_the_schema_has_is_a_difference() -> None:
    root = json.loads(SCHEMAS[SYSTEM_SCHEMA].read_text(encoding="utf-8"))
    root["$defs"]["Disk"]["properties"]["colour"] = {"type": "string"}
    assert list(fields_differ(root, root, System, "system")) == ["system.machines[].disks[]: properties ['colour']"]


def test_every_platform_file_has_a_schema_and_every_schema_a_file() -> None:
    assert set(SCHEMAS) == {SYSTEM_SCHEMA, *(schema_of(f"platform/{file}") for file in FILES)}


@each_schema
def test_schema_is_valid_draft_2020_12(name: str) -> None:
    assert schema(name)["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    jsonschema_rs.meta.validate(schema(name))


@each_schema
def test_every_object_is_closed(name: str) -> None:
    nodes = [node for node in all_nodes(schema(name)) if node.get("type") == "object" and "description" in node]
    assert nodes
    assert [node["description"] for node in nodes if node.get("additionalProperties") is not False] == []


@each_schema
def test_every_property_is_described_in_both_languages(name: str) -> None:
    missing = []
    for place, node in objects(schema(name)):
        for key, part in (("", node), *node.get("properties", {}).items()):
            if not (part.get("description", "").strip() and part.get("x-description-ja", "").strip()):
                missing.append(f"{place}.{key}")
    assert missing == []


@each_schema
def test_every_value_of_an_enumeration_is_explained_in_both_languages(name: str) -> None:
    # An enumeration of field names (`assumed`) explains itself.
    nodes = [node for node in all_nodes(schema(name)) if "enum" in node and "x-enum-descriptions" in node]
    for node in nodes:
        assert list(node["x-enum-descriptions"]) == node["enum"]
        assert all(text["en"] and text["ja"] for text in node["x-enum-descriptions"].values())
    described = [
        f"{place}.{key}"
        for place, node in objects(schema(name))
        for key, part in node.get("properties", {}).items()
        if "enum" in part and "x-enum-descriptions" not in part
    ]
    assert described == []


@each_schema
def test_references_stay_within_the_file(name: str) -> None:
    used = {node["$ref"] for node in all_nodes(schema(name)) if "$ref" in node}
    assert used == {f"#/$defs/{definition}" for definition in schema(name)["$defs"]}


@pytest.mark.parametrize("file", DATA)
def test_data_file_names_its_schema_and_fits_it(file: str) -> None:
    text = DATA[file].read_text(encoding="utf-8")
    wanted = Path(schema_of(file)).name
    assert text.startswith(f"# yaml-language-server: $schema=_schema/{wanted}\n")
    validator = jsonschema_rs.validator_for(schema(schema_of(file)))
    errors = [f"{error.instance_path}: {error.message}" for error in validator.iter_errors(yaml.safe_load(text))]
    assert errors == []


MACHINE: Node = {
    "key": "s02-db-1",
    "name": "s02-db01",
    "role": "db",
    "image": "debian-12",
    "flavour": "m8",
    "nics": [{"network": "mynumber-servers", "address": "198.19.0.64"}],
    "disks": [{"name": "system", "size_gb": 40, "tier": "standard"}],
}


def refused(definition: str, value: Node, name: str = SYSTEM_SCHEMA) -> bool:
    root = schema(name)
    part = {"$schema": root["$schema"], "$ref": f"#/$defs/{definition}", "$defs": root["$defs"]}
    return not jsonschema_rs.is_valid(part, value)


def test_a_whole_machine_is_accepted() -> None:
    assert not refused("Machine", MACHINE)


@pytest.mark.parametrize(
    "change",
    [
        pytest.param({"cpu": 2, "memory_gb": 8}, id="flavour and sizes"),
        pytest.param({"flavour": None}, id="neither flavour nor sizes"),
        pytest.param({"flavour": None, "cpu": 2}, id="half of the sizes"),
        pytest.param({"status": "retiring"}, id="retiring without retirement"),
        pytest.param({"colour": "blue"}, id="unknown field"),
        pytest.param({"nics": [{"network": "x", "address": "198.19.0.256"}]}, id="not an address"),
        pytest.param({"nics": [{"network": "x", "address": "198.19.0.1", "mac": "00-50-56-00-00-01"}]}, id="not a MAC"),
        pytest.param({"key": "db"}, id="not a key"),
        pytest.param({"disks": []}, id="no disk"),
        pytest.param({"disks": [{"name": "a", "size_gb": "40", "tier": "fast"}]}, id="size as text"),
    ],
)
def test_half_a_pair_or_a_wrong_value_of_a_machine_is_refused(change: Node) -> None:
    machine = {key: value for key, value in {**MACHINE, **change}.items() if value is not None}
    assert refused("Machine", machine)


REASON: Node = {"ja": "理由", "en": "Reason."}


@pytest.mark.parametrize(
    ("definition", "value"),
    [
        ("Dependency", {"reason": REASON}),
        ("Dependency", {"reason": REASON, "system": "s13", "external": "atena"}),
        # YAML 1.1 reads an unquoted 22:30 as the number 1350.
        ("ServiceHours", {"days": "weekdays", "start": 1350, "end": "18:00"}),
        ("ServiceHours", {"days": "weekdays", "start": "9:00", "end": "18:00"}),
        ("Classification", {"confidentiality": 2, "integrity": "2", "availability": "2", "edition": "令和6年10月版"}),
        ("Retirement", {"on": "2026-13-01", "reason": REASON, "requested_by": "a", "approved_by": "b"}),
    ],
)
def test_half_a_pair_or_an_unquoted_value_of_a_system_is_refused(definition: str, value: Node) -> None:
    assert refused(definition, value)


def test_a_dependency_with_one_end_is_accepted() -> None:
    assert not refused("Dependency", {"reason": REASON, "system": "s13"})
    assert not refused("Dependency", {"reason": REASON, "external": "atena"})
