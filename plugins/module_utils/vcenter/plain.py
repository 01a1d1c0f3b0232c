"""vCenter's XML as plain Python values: several times faster than pyVmomi, and at ease with types it does not know."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, BinaryIO, NamedTuple

from lxml import etree

VIM = "{urn:vim25}"
XSI_TYPE = "{http://www.w3.org/2001/XMLSchema-instance}type"
_INTEGERS = frozenset({"int", "long", "short", "byte"})


class PlainObject(NamedTuple):
    """One object of a property collector's answer: managed object type, id, and the properties asked for, by path."""

    type: str
    reference: str
    properties: Mapping[str, Any]


def local_name(tag: Any) -> str:
    """Name of an element or type without its namespace."""
    return str(tag).rsplit("}", 1)[-1].rsplit(":", 1)[-1]


def plain(element: etree._Element) -> Any:
    """An element as str, int, bool, list (of an ArrayOf type) or dict.

    A dict holds the type under "_type" when the wire says it; a name that occurs more than once becomes a list (see
    `many`). Numbers and booleans inside a dict stay text, for the wire does not give their types (see `truth`). A
    reference to a managed object is its id.
    """
    kind = local_name(element.get(XSI_TYPE, ""))
    if kind.startswith("ArrayOf"):
        return [plain(child) for child in element]
    if len(element) == 0:
        return _leaf(kind, element.text or "")
    values: dict[str, Any] = {"_type": kind} if kind else {}
    for child in element:
        name = local_name(child.tag)
        value = plain(child)
        if name not in values:
            values[name] = value
        elif isinstance(values[name], list):
            values[name].append(value)
        else:
            values[name] = [values[name], value]
    return values


def _leaf(kind: str, text: str) -> Any:
    if kind in _INTEGERS:
        return int(text)
    if kind == "boolean":
        return truth(text)
    if kind[:1].isupper() and kind != "ManagedObjectReference" and not text:
        return {"_type": kind}
    return text


def many(value: Any) -> list[Any]:
    """What may stand once, more than once or not at all, as a list."""
    if value is None or value == "":
        return []
    return value if isinstance(value, list) else [value]


def truth(value: Any) -> bool:
    """A boolean of the wire; what is not there is False."""
    return value in (True, "true", "1")


def dig(value: Any, *names: str) -> Any:
    """A value inside nested dicts, or None where one of the names is missing."""
    for name in names:
        if not isinstance(value, dict):
            return None
        value = value.get(name)
    return value


def namespaces(prefix: str) -> dict[str, str]:
    """The namespace of vCenter's elements, for an XPath that calls it by a prefix."""
    return {prefix: VIM[1:-1]}


def objects(stream: BinaryIO, convert: Callable[[etree._Element], Any] = plain) -> Iterator[PlainObject | str]:
    """The objects of a RetrievePropertiesEx answer one by one, without holding the answer; then its token, if any.

    `convert` makes the value of a property of its element, for a reader that needs a part of a large one only.
    """
    tags = (f"{VIM}objects", f"{VIM}token")
    for _, element in etree.iterparse(stream, tag=tags, resolve_entities=False, huge_tree=True):
        parent = element.getparent()
        if parent is None or local_name(parent.tag) != "returnval":
            continue  # a property that happens to have the name
        if local_name(element.tag) == "token":
            yield element.text or ""
            continue
        reference = element.find(f"{VIM}obj")
        properties = {
            prop.findtext(f"{VIM}name") or "": convert(value)
            for prop in element.iterfind(f"{VIM}propSet")
            if (value := prop.find(f"{VIM}val")) is not None
        }
        if reference is not None:
            yield PlainObject(reference.get("type", ""), reference.text or "", properties)
        element.clear()
        while element.getprevious() is not None:
            del parent[0]


def return_value(stream: BinaryIO) -> Any:
    """The plain value of any other answer; None when it is empty."""
    element = etree.parse(stream, etree.XMLParser(resolve_entities=False, huge_tree=True)).find(f".//{VIM}returnval")
    return None if element is None else plain(element)


def fault_of(body: bytes) -> tuple[str, str]:
    """(kind, text) of a SOAP fault; a body that is none gives ("", "")."""
    try:
        root = etree.fromstring(body, etree.XMLParser(resolve_entities=False))
    except etree.XMLSyntaxError:
        return "", ""
    text = root.findtext(".//faultstring") or ""
    detail = root.find(".//detail")
    if detail is None or len(detail) == 0:
        return ("Unknown", text) if text else ("", "")
    first = detail[0]
    kind = local_name(first.get(XSI_TYPE, "")) or local_name(first.tag).removesuffix("Fault")
    return kind, _explained(plain(first), text)


def missing_privilege(fault: Any) -> str:
    """What a NoPermission fault says beside its text: the privilege that is missing and on which object; else ""."""
    privilege = dig(fault, "privilegeId")
    return f"privilege {privilege} on {dig(fault, 'object')}" if isinstance(privilege, str) and privilege else ""


def _explained(fault: Any, text: str) -> str:
    """vCenter's text, the privilege that is missing, and everything else the fault says where the text is empty."""
    if text or not isinstance(fault, dict):
        return " ".join(part for part in (text, missing_privilege(fault)) if part)
    parts = [f"{name}={value}" for name, value in fault.items() if name != "_type" and isinstance(value, str)]
    return " ".join(parts)
