"""The hash of a document can be computed by anybody, and a change of it is found."""

from __future__ import annotations

import hashlib
import json

import pytest

from ansible_collections.kyotsu.platform.plugins.module_utils.retirement.documents import (
    COMPLETION,
    DocumentUnreadable,
    content_hash,
    document_text,
    read_document,
)

CONTENT = {"unit": "s02", "name": "生活保護システム", "machines": [{"key": "s02-db-1"}]}


def test_the_hash_is_that_of_plain_canonical_json() -> None:
    text = '{"machines":[{"key":"s02-db-1"}],"name":"生活保護システム","unit":"s02"}'
    assert content_hash(CONTENT) == hashlib.sha256(text.encode()).hexdigest()


def test_what_is_written_is_read() -> None:
    assert read_document(document_text(COMPLETION, CONTENT)) == (COMPLETION, content_hash(CONTENT), CONTENT)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("{", "it is not JSON"),
        ("[]", "it is none of"),
        (json.dumps({"kind": "letter", "content": {}}), "it is none of"),
        (document_text(COMPLETION, CONTENT).replace("s02-db-1", "s02-db-2"), "it was changed"),
        (json.dumps({"kind": COMPLETION, "content": CONTENT}), "it was changed"),
    ],
)
def test_what_was_changed_or_is_something_else_is_told(text: str, told: str) -> None:
    with pytest.raises(DocumentUnreadable, match=told):
        read_document(text)
