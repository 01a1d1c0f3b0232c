"""Tags and their categories. Only those of this estate (names that start with PREFIX) are looked at or touched."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

if TYPE_CHECKING:
    from ansible_collections.kyotsu.platform.plugins.module_utils.vcenter.rest import RestClient

PREFIX = "kyotsu-"
_BASE = "/rest/com/vmware/cis/tagging"
_PARALLEL = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class TagInventory:
    """All tags of this estate: ids by "category" and "category/tag", and what is attached to which machine."""

    categories: Mapping[str, str]
    cardinalities: Mapping[str, str]
    tags: Mapping[str, str]
    attached: Mapping[str, Mapping[str, str]]  # machine's managed object id -> category -> tag


class Tagging:
    """vCenter's tagging service."""

    def __init__(self, rest: RestClient) -> None:
        self._rest = rest

    def read(self) -> TagInventory:
        """Everything at once; calls grow with the number of categories and tags, never with that of machines."""
        with ThreadPoolExecutor(_PARALLEL) as pool:
            ids = self._rest.request("GET", f"{_BASE}/category") or []
            found = [c for c in pool.map(self._category, ids) if c["name"].startswith(PREFIX)]
            categories = {str(category["name"]): str(category["id"]) for category in found}
            names = {identity: name for name, identity in categories.items()}
            lists = pool.map(self._tags_of_category, categories.values())
            details = list(pool.map(self._tag, [tag for tags in lists for tag in tags]))
        tags = {f"{names[tag['category_id']]}/{tag['name']}": str(tag["id"]) for tag in details}
        return TagInventory(
            categories=categories,
            cardinalities={str(category["name"]): str(category["cardinality"]) for category in found},
            tags=tags,
            attached=self._attached(tags),
        )

    def _category(self, identity: str) -> dict[str, Any]:
        return dict(self._rest.request("GET", f"{_BASE}/category/{_id(identity)}"))

    def _tags_of_category(self, identity: str) -> list[str]:
        path = f"{_BASE}/tag/{_id(identity)}?~action=list-tags-for-category"
        return list(self._rest.request("POST", path) or [])

    def _tag(self, identity: str) -> dict[str, Any]:
        return dict(self._rest.request("GET", f"{_BASE}/tag/{_id(identity)}"))

    def _attached(self, tags: Mapping[str, str]) -> dict[str, dict[str, str]]:
        attached: dict[str, dict[str, str]] = {}
        if not tags:
            return attached
        path = f"{_BASE}/tag-association?~action=list-attached-objects-on-tags"
        names = {identity: name for name, identity in tags.items()}
        for entry in self._rest.request("POST", path, {"tag_ids": sorted(tags.values())}) or []:
            category, _, tag = names[entry["tag_id"]].partition("/")
            for obj in entry.get("object_ids") or []:
                if obj["type"] == "VirtualMachine":
                    attached.setdefault(obj["id"], {})[category] = tag
        return attached

    def create_category(self, name: str, cardinality: str) -> str:
        """Make a category for virtual machines; gives its id. `cardinality`: SINGLE or MULTIPLE."""
        spec = {"name": name, "description": "", "cardinality": cardinality, "associable_types": ["VirtualMachine"]}
        return str(self._rest.request("POST", f"{_BASE}/category", {"create_spec": spec}))

    def create_tag(self, category: str, name: str) -> str:
        """Make a tag in the category with the id `category`; gives the tag's id."""
        spec = {"name": name, "description": "", "category_id": category}
        return str(self._rest.request("POST", f"{_BASE}/tag", {"create_spec": spec}))

    def attach(self, machine: str, tags: Iterable[str]) -> None:
        """Attach tags (ids) to a machine in one call. Raises Fault when one of them is refused."""
        path = f"{_BASE}/tag-association?~action=attach-multiple-tags-to-object"
        answer = self._rest.request("POST", path, {"object_id": _object(machine), "tag_ids": sorted(tags)})
        self._check(answer)

    def detach(self, machine: str, tag: str) -> None:
        """Detach one tag (id) from a machine."""
        path = f"{_BASE}/tag-association/{_id(tag)}?~action=detach"
        self._rest.request("POST", path, {"object_id": _object(machine)})

    @staticmethod
    def _check(answer: Any) -> None:
        from ansible_collections.kyotsu.platform.plugins.module_utils.vcenter.errors import Fault

        if isinstance(answer, dict) and not answer.get("success", True):
            texts = [str(error.get("default_message", error)) for error in answer.get("error_messages") or []]
            raise Fault("tags", "TagRefused", "; ".join(texts))


def _id(identity: str) -> str:
    """An id as a part of a path; its colons stay as they are."""
    return f"id:{quote(identity, safe=':')}"


def _object(machine: str) -> dict[str, str]:
    return {"type": "VirtualMachine", "id": machine}
