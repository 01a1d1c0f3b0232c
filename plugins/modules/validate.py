#!/usr/bin/python
"""Ansible's entry to the validation of the estate."""

from __future__ import annotations

DOCUMENTATION = r"""
module: validate
short_description: Check systems/ and platform/
description:
  - Reads every file, checks it against its schema and all rules across files, and reports all mistakes at once.
  - Changes nothing and needs no vCenter.
options:
  repository:
    description: Root of the repository, where systems/ and platform/ stand.
    type: path
    required: true
  as_of:
    description: Day on which the rules look, as YYYY-MM-DD. Today if not given.
    type: str
  language:
    description: Language of the messages.
    type: str
    choices: [en, ja]
    default: en
author:
  - Platform team (@kyotsu)
attributes:
  check_mode:
    support: full
    description: It never changes anything.
"""

EXAMPLES = r"""
- name: Check the estate
  kyotsu.platform.validate:
    repository: "{{ playbook_dir }}/.."
"""

RETURN = r"""
findings:
  description: All findings, in the order of files and lines.
  returned: always
  type: list
  elements: dict
errors:
  description: Number of errors.
  returned: always
  type: int
warnings_found:
  description: Number of warnings.
  returned: always
  type: int
fingerprint:
  description: SHA-256 over names and contents of all files that were read.
  returned: always
  type: str
text:
  description: The findings as text, one line each.
  returned: always
  type: str
"""

from datetime import date
from pathlib import Path

from ansible.module_utils.basic import AnsibleModule


def main() -> None:
    """Run the module."""
    module = AnsibleModule(
        argument_spec={
            "repository": {"type": "path", "required": True},
            "as_of": {"type": "str"},
            "language": {"type": "str", "choices": ["en", "ja"], "default": "en"},
        },
        supports_check_mode=True,
    )
    try:
        import msgspec

        from ansible_collections.kyotsu.platform.plugins.module_utils.data_centre import today
        from ansible_collections.kyotsu.platform.plugins.module_utils.findings import count, format_findings
        from ansible_collections.kyotsu.platform.plugins.module_utils.loader import inspect, summary
    except ImportError as error:
        module.fail_json(msg=f"{error}; run this task on the controller, with requirements.txt installed")
    try:
        as_of = date.fromisoformat(module.params["as_of"]) if module.params["as_of"] else today()
    except ValueError:
        module.fail_json(msg=f"as_of: {module.params['as_of']} is not a day like 2026-11-24")
    checked = inspect(Path(module.params["repository"]), as_of)
    language = module.params["language"]
    errors, warnings = count(checked.findings)
    text = format_findings(checked.findings, language)
    result = {
        "changed": False,
        "findings": msgspec.to_builtins(checked.findings),
        "errors": errors,
        "warnings_found": warnings,
        "fingerprint": checked.fingerprint,
        "text": text,
    }
    last = summary(checked, language)
    if errors:
        module.fail_json(msg=f"{text}\n{last}", **result)
    module.exit_json(msg=last, **result)


if __name__ == "__main__":
    main()
