"""A plan is saved once, comes back as it was, and is compared with the chain."""

from __future__ import annotations

import json
import sqlite3
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.kyotsu.platform.plugins.module_utils.records.errors import (
    ChainBrokenError,
    InvalidRecordError,
    PlanConflictError,
    SecretRefusedError,
)
from ansible_collections.kyotsu.platform.plugins.module_utils.records.store import Store
from ansible_collections.kyotsu.platform.plugins.module_utils.records.values import Origin, Plan

DOCUMENT = {"changes": [{"object": "s02-ap01", "field": "memory_gb", "from": 8, "to": 16, "reason": "申請 12 号"}]}


def save(store: Store, origin: Origin, document: dict[str, Any] = DOCUMENT, digest: str = "d1") -> Plan:
    return store.plans.save(digest, kind="live", environment="lab", document=document, origin=origin)


def test_a_plan_comes_back_as_it_was_saved(store: Store, origin: Origin) -> None:
    saved = save(store, origin)
    assert store.plans.get("d1") == saved
    assert saved.document == DOCUMENT
    assert saved.commit == origin.commit


def test_an_unknown_plan_is_none(store: Store) -> None:
    assert store.plans.get("d1") is None


def test_the_chain_holds_the_hash_of_the_plan_and_not_the_plan(store: Store, origin: Origin) -> None:
    save(store, origin)
    (entry,) = store.chain.entries(kind="plan", subject="d1")
    assert len(json.loads(entry.payload_text)["document_sha256"]) == 64
    assert "s02-ap01" not in entry.payload_text


def test_saving_the_same_plan_again_changes_nothing(store: Store, origin: Origin) -> None:
    first = save(store, origin)
    head = store.chain.head()
    assert save(store, origin) == first
    assert store.chain.head() == head


def test_the_same_digest_with_another_content_is_refused(store: Store, origin: Origin) -> None:
    save(store, origin)
    with pytest.raises(PlanConflictError, match="another document"):
        save(store, origin, {"changes": []})


def test_a_plan_with_a_secret_is_refused(store: Store, origin: Origin) -> None:
    with pytest.raises(SecretRefusedError, match=r"document\.vcenter\.password"):
        save(store, origin, {"vcenter": {"password": "hunter2"}})
    assert store.plans.get("d1") is None


def test_a_plan_without_digest_is_refused(store: Store, origin: Origin) -> None:
    with pytest.raises(InvalidRecordError):
        save(store, origin, digest="")


@pytest.mark.parametrize("column", ["document", "environment", "kind", "commit"])
def test_a_plan_that_was_changed_in_the_database_is_not_given_out(
    store: Store, origin: Origin, database_file: Path, column: str
) -> None:
    save(store, origin)
    with sqlite3.connect(database_file) as connection:
        connection.execute(f'UPDATE plans SET "{column}" = ?', ("{}",))
    connection.close()
    with pytest.raises(ChainBrokenError, match="d1"):
        store.plans.get("d1")
