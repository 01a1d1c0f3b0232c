"""廃止完了記録, 消去証明 and the sealed set as JSON: content and the hash that the records keep of it. Pure.

The hash is SHA-256 over the canonical JSON (sorted keys, no spaces, UTF-8) of `content`, so that anybody can compute it
with a few lines of any language.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any

COMPLETION, ERASURE, SEALED = "completion-record", "erasure-certificate", "sealed-set"
KINDS = (COMPLETION, ERASURE, SEALED)


class DocumentUnreadable(Exception):
    """The file is none of our documents, or was changed; the message says what is wrong."""


def content_hash(content: Mapping[str, Any]) -> str:
    """SHA-256 of the canonical JSON."""
    text = json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()


def document_text(kind: str, content: Mapping[str, Any]) -> str:
    """The file: kind, hash and content, indented for people."""
    whole = {"kind": kind, "sha256": content_hash(content), "content": content}
    return json.dumps(whole, indent=2, ensure_ascii=False) + "\n"


def read_document(text: str) -> tuple[str, str, dict[str, Any]]:
    """(kind, hash, content). Raises DocumentUnreadable, also when content and hash do not fit."""
    try:
        whole = json.loads(text)
    except ValueError as error:
        raise DocumentUnreadable(f"it is not JSON: {error}") from None
    if not isinstance(whole, dict) or whole.get("kind") not in KINDS or not isinstance(whole.get("content"), dict):
        raise DocumentUnreadable(f"it is none of: {', '.join(KINDS)}")
    content: dict[str, Any] = whole["content"]
    if content_hash(content) != whole.get("sha256"):
        raise DocumentUnreadable("its content does not have the hash that stands in it: it was changed")
    return whole["kind"], whole["sha256"], content
