#!/usr/bin/python
"""Ansible's entry to the files of a guest."""

from __future__ import annotations

DOCUMENTATION = r"""
module: guest_files
short_description: Bring many files of a guest to what is wanted in one call
description:
  - Each path is given its content, is a link, is absent, is a folder that holds only named files, or only gets its
    owner, group and mode.
  - Runs in the guest and needs nothing there but Python 3.11. One call for all files of a role, because a call costs
    a guest more than a file.
  - A file is replaced as a whole and never half written; one that its own check refuses is not put in place.
options:
  files:
    description: The files, in the order in which they are handled.
    type: list
    elements: dict
    required: true
    suboptions:
      path:
        description: Whole path in the guest.
        type: str
        required: true
      content:
        description: What the file holds. Its folder is made if it is missing.
        type: str
      link:
        description: What the path points to, as a symbolic link.
        type: str
      absent:
        description: Whether the file must not be there.
        type: bool
        default: false
      only:
        description: For a folder, names of the files that may be in it. Other files are removed, folders are left.
        type: list
        elements: str
      owner:
        description: User by name.
        type: str
        default: root
      group:
        description: Group by name.
        type: str
        default: root
      mode:
        description: Octal mode as text.
        type: str
        default: "0644"
      only_if:
        description: Nothing is done unless this path exists.
        type: str
      validate:
        description: Command that must accept the new file, whose name stands for C(%s), before it is put in place.
        type: str
author:
  - Platform team (@kyotsu)
attributes:
  check_mode:
    support: full
    description: Says what would change, and looks at every file to know it. The check of V(validate) is not run.
  diff_mode:
    support: full
    description: Shows owner, group, mode and content.
"""

EXAMPLES = r"""
- name: Say who may log in, and take away an old setting
  kyotsu.platform.guest_files:
    files:
      - path: /etc/issue.net
        content: "Authorised use only.\n"
      - path: /etc/sudoers.d/old
        absent: true
"""

RETURN = r"""
changed_paths:
  description: Paths that were changed, or would be in check mode.
  returned: always
  type: list
  elements: str
"""

from typing import Any

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.kyotsu.platform.plugins.module_utils.guest_files import (
    GuestFileError,
    ensure_files,
    wanted_files,
)

FILE: dict[str, Any] = {
    "path": {"type": "str", "required": True},
    "content": {"type": "str"},
    "link": {"type": "str"},
    "absent": {"type": "bool", "default": False},
    "only": {"type": "list", "elements": "str"},
    "owner": {"type": "str", "default": "root"},
    "group": {"type": "str", "default": "root"},
    "mode": {"type": "str", "default": "0644"},
    "only_if": {"type": "str"},
    "validate": {"type": "str"},
}


def main() -> None:
    """Run the module."""
    module = AnsibleModule(
        argument_spec={"files": {"type": "list", "elements": "dict", "required": True, "options": FILE}},
        supports_check_mode=True,
    )
    try:
        changes = ensure_files(wanted_files(module.params["files"]), check=module.check_mode)
    except GuestFileError as error:
        module.fail_json(msg=str(error))
    module.exit_json(
        changed=bool(changes),
        changed_paths=[change.path for change in changes],
        diff=[
            {"before_header": change.path, "after_header": change.path, "before": change.before, "after": change.after}
            for change in changes
        ],
    )


if __name__ == "__main__":
    main()
