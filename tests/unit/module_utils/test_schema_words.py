"""Paths, names and suggestions as people read them."""

from __future__ import annotations

from ansible_collections.kyotsu.platform.plugins.module_utils.schema_words import label, path_text, suggest


def test_names_for_people() -> None:
    value = {"id": "s02", "machines": [{"key": "s02-db-1", "disks": [{"size_gb": 1}]}]}
    assert path_text(("machines", 0, "disks", 0, "size_gb")) == "machines[0].disks[0].size_gb"
    assert label(value, ("machines", 0, "disks", 0, "size_gb")) == "s02-db-1"
    assert label(value, ("name",)) == "s02"
    assert label([1], (0,)) == ""
    assert suggest("lgwan-server", ["internet-servers", "lgwan-servers"]) is not None
    assert suggest("abc", ["xyz"]) is None
