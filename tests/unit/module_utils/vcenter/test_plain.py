"""XML of vCenter as plain values."""

from __future__ import annotations

import io
from typing import Any

import pytest
from lxml import etree

from ansible_collections.kyotsu.platform.plugins.module_utils.vcenter.plain import (
    dig,
    fault_of,
    many,
    namespaces,
    objects,
    plain,
    return_value,
    truth,
)

HEAD = 'xmlns="urn:vim25" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xmlns:xsd="http://www.w3.org/2001/XMLSchema"'


def value(inner: str, kind: str) -> Any:
    return plain(etree.fromstring(f'<val {HEAD} xsi:type="{kind}">{inner}</val>'))


@pytest.mark.parametrize(
    ("inner", "kind", "expected"),
    [
        ("12", "xsd:int", 12),
        ("12", "xsd:string", "12"),
        ("true", "xsd:boolean", True),
        ("true", "xsd:string", "true"),
        ("", "xsd:string", ""),
        ("vm-7", "ManagedObjectReference", "vm-7"),
        ("", "ArrayOfVirtualDevice", []),
        ("<key>1</key><name>a</name>", "CustomFieldDef", {"_type": "CustomFieldDef", "key": "1", "name": "a"}),
        ("<n>a</n><n>b</n><n>c</n>", "Policy", {"_type": "Policy", "n": ["a", "b", "c"]}),
        ("<s>1</s><s>2</s>", "ArrayOfString", ["1", "2"]),
        ("", "VlanIdSpec", {"_type": "VlanIdSpec"}),
    ],
)
def test_a_value_keeps_its_shape(inner: str, kind: str, expected: Any) -> None:
    assert value(inner, kind) == expected


def envelope(inner: str) -> io.BytesIO:
    return io.BytesIO(f"<Envelope {HEAD}><Body><Response>{inner}</Response></Body></Envelope>".encode())


def test_a_reader_that_needs_a_part_of_a_value_makes_the_value_itself() -> None:
    answer = envelope(
        "<returnval><objects><obj type='VirtualMachine'>vm-1</obj><propSet><name>d</name>"
        "<val xsi:type='ArrayOfVirtualDevice'><VirtualDevice><key>1</key></VirtualDevice>"
        "<VirtualDevice><key>2</key><macAddress>m</macAddress></VirtualDevice></val></propSet></objects></returnval>"
    )
    kept = etree.XPath("v:*[v:macAddress]", namespaces=namespaces("v"))
    (found,) = objects(answer, lambda element: [plain(each) for each in kept(element)])
    assert not isinstance(found, str)
    assert found.properties == {"d": [{"key": "2", "macAddress": "m"}]}


def test_objects_come_with_their_properties_and_the_token_of_the_next_page() -> None:
    answer = envelope(
        "<returnval><token>7</token><objects><obj type='VirtualMachine'>vm-1</obj>"
        "<propSet><name>name</name><val xsi:type='xsd:string'>a</val></propSet>"
        "<propSet><name>x</name><val xsi:type='X'><objects>no</objects><token>no</token></val></propSet></objects>"
        "<objects><obj type='Folder'>group-1</obj></objects></returnval>"
    )
    token, first, second = objects(answer)
    assert token == "7"
    assert not isinstance(first, str)
    assert not isinstance(second, str)
    assert (first.type, first.reference, first.properties["name"]) == ("VirtualMachine", "vm-1", "a")
    assert first.properties["x"] == {"_type": "X", "objects": "no", "token": "no"}
    assert (second.type, second.reference, dict(second.properties)) == ("Folder", "group-1", {})


def test_an_answer_without_a_value_is_none() -> None:
    assert return_value(envelope("")) is None


def test_an_entity_in_an_answer_is_not_resolved() -> None:
    bomb = f'<!DOCTYPE a [<!ENTITY e "boom">]><a {HEAD}><returnval><x>&e;</x></returnval></a>'
    assert "boom" not in str(return_value(io.BytesIO(bomb.encode())))


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (
            f"<Fault {HEAD}><faultstring>No space</faultstring><detail>"
            "<NoDiskSpaceFault xsi:type='NoDiskSpace'><file>a</file></NoDiskSpaceFault></detail></Fault>",
            ("NoDiskSpace", "No space"),
        ),
        (
            f"<Fault {HEAD}><faultstring/><detail><DuplicateNameFault xsi:type='DuplicateName'><name>web</name>"
            "<object type='Folder'>group-1</object></DuplicateNameFault></detail></Fault>",
            ("DuplicateName", "name=web object=group-1"),
        ),
        (
            f"<Fault {HEAD}><faultstring>Permission to perform this operation was denied.</faultstring><detail>"
            "<NoPermissionFault xsi:type='NoPermission'><object type='Folder'>group-v3</object>"
            "<privilegeId>Folder.Create</privilegeId></NoPermissionFault></detail></Fault>",
            (
                "NoPermission",
                "Permission to perform this operation was denied. privilege Folder.Create on group-v3",
            ),
        ),
        (f"<Fault {HEAD}><detail><NewInVersion10Fault/></detail></Fault>", ("NewInVersion10", "")),
        (f"<Fault {HEAD}><faultstring>text only</faultstring></Fault>", ("Unknown", "text only")),
        ("<html>not XML of vCenter", ("", "")),
        ("<html/>", ("", "")),
    ],
    ids=["typed", "without text", "missing privilege", "unknown type", "without detail", "broken", "other"],
)
def test_a_fault_gives_its_kind_and_text(body: str, expected: tuple[str, str]) -> None:
    # faultstring and detail have no namespace in SOAP 1.1.
    unqualified = body.replace(HEAD, HEAD.replace('xmlns="urn:vim25" ', ""))
    assert fault_of(unqualified.encode()) == expected


def test_helpers_take_what_may_be_missing() -> None:
    assert many(None) == many("") == []
    assert many("a") == ["a"]
    assert many(["a"]) == ["a"]
    assert dig({"a": {"b": 1}}, "a", "b") == 1
    assert dig({"a": "text"}, "a", "b") is None
    assert [truth(each) for each in (True, "true", "1", "false", None, "")] == [True] * 3 + [False] * 3
