"""Make and change tags and their categories, custom attributes, and access roles."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ansible_collections.kyotsu.platform.plugins.module_utils.vcenter.api import vim
from ansible_collections.kyotsu.platform.plugins.module_utils.vcenter.apply_common import World


def make_category(world: World, name: str, after: Mapping[str, Any]) -> str:
    """Make a tag category."""
    return world.session.tagging.create_category(name, str(after["cardinality"]))


def make_tag(world: World, name: str, _after: Mapping[str, Any]) -> str:
    """Make a tag; its name is "category/tag"."""
    category, _, tag = name.partition("/")
    return world.session.tagging.create_tag(world.reference("tag_category", category), tag)


def make_attribute(world: World, name: str, _after: Mapping[str, Any]) -> str:
    """Make a custom attribute of virtual machines."""
    fields = world.session.content.customFieldsManager
    return str(fields.AddCustomFieldDef(name=name, moType=vim.VirtualMachine).key)


def make_role(world: World, name: str, after: Mapping[str, Any]) -> str:
    """Make an access role."""
    manager = world.session.content.authorizationManager
    return str(manager.AddAuthorizationRole(name=name, privIds=list(after["privileges"])))


def change_role(world: World, name: str, fields: Mapping[str, Any]) -> None:
    """Change the privileges of an access role."""
    manager = world.session.content.authorizationManager
    role = int(world.reference("access_role", name))
    manager.UpdateAuthorizationRole(roleId=role, newName=name, privIds=list(fields["privileges"]))
