"""Whatever valid data says, and however it changes: rules give findings, never an exception, and soon."""

from __future__ import annotations

import copy
import json
from collections import defaultdict
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from random import Random
from typing import Any

import jsonschema_rs
import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ansible_collections.kyotsu.platform.plugins.module_utils.document import Keys
from ansible_collections.kyotsu.platform.plugins.module_utils.loader import Checked, inspect
from ansible_collections.kyotsu.platform.plugins.module_utils.rules.catalogue import run_change
from tests.support.small_estate import AS_OF, ROOT, SMALL, copy_small
from tests.support.yaml_files import read_yaml

FAST = settings(
    deadline=timedelta(seconds=5), max_examples=100, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
SOUND: dict[str, Any] = {path.relative_to(SMALL).as_posix(): read_yaml(path) for path in sorted(SMALL.glob("*/*.yml"))}


def schema_of(file: str) -> Any:
    """The schema of a file of the estate."""
    folder, name = file.split("/")
    stem = "system" if folder == "systems" else Path(name).stem
    return json.loads((ROOT / folder / "_schema" / f"{stem}.schema.json").read_text(encoding="utf-8"))


SEEDS = st.integers(0, 2**32 - 1)
VALIDATORS = {file: jsonschema_rs.validator_for(schema_of(file)) for file in SOUND}
# What the schemas let pass and no other file says, by field.
EDGES: dict[str, list[Any]] = {
    "recurrence": [
        "FREQ=MONTHLY;BYDAY=5SU", "FREQ=DAILY;COUNT=1", "FREQ=WEEKLY;BYDAY=MO,,", "FREQ=MONTHLY;BYMONTHDAY=31",
        "FREQ=DAILY;INTERVAL=0", "FREQ=DAILY;INTERVAL=999999999", "FREQ=DAILY;UNTIL=20260101", "FREQ=DAILY;FREQ=DAILY",
        "FREQ=MONTHLY;BYSETPOS=400", "FREQ=WEEKLY;BYDAY=XX", "FREQ=DAILY;BYMONTH=13", "FREQ=DAILY;BYMONTH=0",
        "FREQ=DAILY;WKST=99", "FREQ=DAILY;INTERVAL=+0", "FREQ=DAILY;INTERVAL=00", "FREQ=DAILY;BYDAY=1MO",
    ],
    "timezone": ["Asia/Nowhere", "Europe/London", "America/New_York", "posix/Japan"],
    "start": ["00:00", "23:59", "02-29", "9999-12-31"],
    "address": ["0.0.0.0", "255.255.255.255"],
    "cidr": ["0.0.0.0/0", "198.18.0.0/15", "198.18.128.1/32"],
    "status": ["planned", "in-service"],
    "exposure": ["isolated", "open", "closed"],
    "confidentiality": ["3A", "3B", "3C", "2", "1"],
    "expires": ["1970-01-01", "9999-12-31"],
    "valid_to": ["1970-01-01", "9999-12-31"],
    "end": ["1970-01-01", "9999-12-31", "02-29"],
    "kind": ["platform", "infrastructure", "vdi", "data-centre", "remote-store"],
    "role": ["mirror", "backup", "db"],
    "count": [1, 5000],
    "rpo_hours": [1, 10_000],
    "rto_hours": [1, 10_000],
    "reach_km": [1, 3000],
    "window_look_ahead_days": [1, 366],
    "expiry_warning_days": [0, 366],
    "netbios_name_length": [1],
    "duration_minutes": [1, 1440, 10_000],
    "host_failures_tolerated": [0, 1, 4],
    "size_gb": [1, 60_000],
}  # fmt: skip


def leaves(value: Any, keys: Keys = ()) -> Iterator[tuple[Keys, Any]]:
    """(path, value) of everything that is no list and no mapping."""
    if isinstance(value, dict):
        for key, item in value.items():
            yield from leaves(item, (*keys, key))
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from leaves(item, (*keys, index))
    else:
        yield keys, value


def lists(value: Any, keys: Keys = ()) -> Iterator[Keys]:
    """Paths of all lists."""
    if isinstance(value, dict):
        for key, item in value.items():
            yield from lists(item, (*keys, key))
    elif isinstance(value, list):
        yield keys
        for index, item in enumerate(value):
            yield from lists(item, (*keys, index))


def at(value: Any, keys: Keys) -> Any:
    """What stands at a path."""
    for key in keys:
        value = value[key]
    return value


def field(keys: Keys) -> str:
    """The name of the field at a path, also of the items of a list."""
    return next(str(key) for key in reversed(keys) if isinstance(key, str))


TEXTS = {"en", "ja", "basis", "name_en"}
# All values of a field in all files: ids of the same kind, names, sizes.
POOL: dict[str, list[Any]] = defaultdict(list, copy.deepcopy(EDGES))
for _content in SOUND.values():
    for _keys, _value in leaves(_content):
        POOL[field(_keys)].append(_value)
# Names refer to each other across fields.
REFERENCES = [value for values in POOL.values() for value in values if isinstance(value, str) and "-" in value]


def mutations(seed: int) -> dict[str, Any]:
    """Files of the small estate with values, list items or fields replaced, doubled or taken away, as schemas allow.

    A seed rather than draws: choices among hundreds of places come out even.
    """
    chance = Random(seed)
    changed: dict[str, Any] = {}
    for _ in range(chance.randint(1, 8)):
        file = chance.choice(sorted(SOUND))
        content = copy.deepcopy(changed.get(file, SOUND[file]))
        _mutate(chance, content)
        if VALIDATORS[file].is_valid(content):
            changed[file] = content
    return changed


def _mutate(chance: Random, content: Any) -> None:
    kind = chance.choice(["value", "value", "value", "item", "field"])
    if kind == "item":
        items = at(content, chance.choice([keys for keys in lists(content) if at(content, keys)] or [()]))
        if isinstance(items, list):
            index = chance.randrange(len(items))
            if chance.random() < 0.5:
                items.append(copy.deepcopy(items[index]))
            else:
                del items[index]
        return
    by_field: dict[str, list[tuple[Keys, Any]]] = defaultdict(list)
    for place, value in leaves(content):
        by_field[field(place)].append((place, value))
    fields = sorted(by_field.keys() - TEXTS)
    if not fields:
        return  # a file whose only list was emptied
    # The field first: else the many names and texts would crowd out what rules compare.
    keys, value = chance.choice(by_field[chance.choice(fields)])
    around = at(content, keys[:-1])
    if kind == "field" and isinstance(around, dict):
        del around[keys[-1]]
    elif isinstance(value, bool):
        around[keys[-1]] = not value
    else:
        anything = isinstance(value, str) and chance.random() < 0.2
        around[keys[-1]] = chance.choice(REFERENCES if anything else POOL[field(keys)])


@pytest.fixture(scope="module")
def repository(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return copy_small(tmp_path_factory.mktemp("rules"))


@pytest.fixture(scope="module")
def sound(repository: Path) -> Checked:
    return inspect(repository, AS_OF)


def write(repository: Path, files: dict[str, Any]) -> None:
    """Content as YAML."""
    for file, content in files.items():
        text = yaml.dump(content, Dumper=yaml.CSafeDumper, allow_unicode=True)
        (repository / file).write_text(text, encoding="utf-8")


def restore(repository: Path, files: dict[str, Any]) -> None:
    """The small estate again."""
    for file in files:
        (repository / file).write_bytes((SMALL / file).read_bytes())


@FAST
@given(seed=SEEDS, as_of=st.dates(date(2018, 1, 1), date(2100, 1, 1)))
def test_a_mutation_of_the_small_estate_gives_findings_and_never_an_exception(
    repository: Path, sound: Checked, seed: int, as_of: date
) -> None:
    """As a state on any day, as a change from the sound one, and as a change back to it."""
    files = mutations(seed)
    try:
        write(repository, files)
        checked = inspect(repository, as_of)
    finally:
        restore(repository, files)
    assert sound.estate is not None
    assert sound.context is not None
    assert checked.estate is not None
    assert checked.context is not None
    findings = [
        *checked.findings,
        *run_change(sound.estate, checked.context),
        *run_change(checked.estate, sound.context),
    ]
    for finding in findings:
        assert finding.line >= 1
        assert finding.object
        assert finding.message.en
        assert finding.message.ja
        assert finding.remedy.en
        assert finding.remedy.ja


def test_the_mutations_reach_rules_of_every_layer(repository: Path) -> None:
    """A test of rules that never speak proves nothing."""
    rules: set[str] = set()
    # D-01 speaks of one field of a few media pools, which chance hardly meets; its examples speak for it.
    layers = set("ABCEKLTY")
    for seed in range(240):
        if len(rules) >= 20 and layers <= {rule[0] for rule in rules}:
            break
        files = mutations(seed)
        try:
            write(repository, files)
            rules.update(finding.rule for finding in inspect(repository, AS_OF).findings)
        finally:
            restore(repository, files)
    assert len(rules) >= 20, " ".join(sorted(rules))
    assert {rule[0] for rule in rules} - {"D"} == layers
