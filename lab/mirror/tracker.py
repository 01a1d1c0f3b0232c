"""A stand-in for Debian's security tracker file, made from the changelogs inside the mirror's own packages.

The real file is carried in from outside. Here its content is what Debian's maintainers wrote into each package: a CVE
that a changelog entry names is fixed in that entry's version. What no changelog names is not in it: the lab shows the
CVEs that its packages close, not all that are open.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from pathlib import Path

from debian.debfile import DebFile

from lab.debian_packages import RELEASE

_CVE = re.compile(r"CVE-\d{4}-\d{4,}")


def tracker_text(packages: Iterable[Path]) -> str:
    """The tracker's JSON for these .deb files."""
    fixed: dict[str, dict[str, str]] = {}
    for package in packages:
        with DebFile(str(package)) as opened:
            changelog = opened.changelog()
        # Oldest first: the first entry that names a CVE fixed it, later ones only tell of it. Packages that share a
        # source may carry the changelog once, or none (our own service).
        for block in reversed(list(changelog or ())):
            for cve in _CVE.findall("\n".join(block.changes())):
                fixed.setdefault(str(block.package), {}).setdefault(cve, str(block.version))
    content = {
        source: {
            cve: {"releases": {RELEASE: {"status": "resolved", "fixed_version": version}}}
            for cve, version in sorted(entries.items())
        }
        for source, entries in sorted(fixed.items())
    }
    return json.dumps(content, indent=1) + "\n"
