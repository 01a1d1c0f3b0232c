"""Write into the file of a round which manifest each mirror of the lab serves, as an approver would for production.

Without these digests a run of an environment that asks for proven content (`kyotsu_patch.require_content`) is refused.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from pathlib import Path

from ansible_collections.kyotsu.platform.plugins.module_utils.data_file import DataFileError
from ansible_collections.kyotsu.platform.plugins.module_utils.model.estate import Estate
from ansible_collections.kyotsu.platform.plugins.module_utils.patch.round_file import FOLDER, read_round
from lab.errors import LabError
from lab.files import write_atomically
from lab.mirror.promotion import manifest_sha256
from lab.mirror.repository import Mirror

_CONTENT = re.compile(r"^content:.*\n", re.MULTILINE)
_TOP_LEVEL = re.compile(r"^\S", re.MULTILINE)
# The key with all that is indented deeper than it: its lines, or the rest of one that is written {in: a, row: b}.
_MANIFESTS = re.compile(r"^(?P<indent> +)manifests:.*\n(?:(?P=indent) +.*\n)*", re.MULTILINE)


def write_manifests(repository: Path, estate: Estate, mirrors: Iterable[Mirror], round_id: str) -> dict[str, str]:
    """Set content.manifests of a round to what these mirrors have of its snapshot; give segment -> digest.

    Everything else in the file stays as it is, with its comments. Segments of other mirrors keep their digests.
    Raises LabError, and leaves the file as it was, if it is no round, or a mirror lacks its snapshot.
    """
    file = repository / FOLDER / f"{round_id}.yml"
    try:
        content = read_round(repository, file, estate).content
    except DataFileError as error:
        raise LabError(str(error)) from error
    digests = dict(content.manifests)
    for mirror in mirrors:
        if content.snapshot not in mirror.snapshots():
            raise LabError(f"the mirror of {mirror.segment} has no snapshot {content.snapshot}")
        digests[mirror.segment] = manifest_sha256(mirror, content.snapshot)
    before, mode = file.read_text(encoding="utf-8"), file.stat().st_mode & 0o777
    write_atomically(file, with_manifests(before, digests).encode(), mode)
    try:
        written = read_round(repository, file, estate).content.manifests
    except DataFileError as error:
        written = {"": str(error)}
    if written != digests:
        write_atomically(file, before.encode(), mode)
        raise LabError(
            f"{file.name}: its content is written in a form that this command does not edit; write manifests by hand: "
            + ", ".join(f"{segment}: {digest}" for segment, digest in sorted(digests.items()))
        )
    return digests


def with_manifests(text: str, digests: Mapping[str, str]) -> str:
    """The text of a round with these digests as the last field of its content. Pure."""
    head = _CONTENT.search(text)
    if head is None:
        return text  # written in another form: the caller sees that nothing has changed
    start, text = head.start(), text if text.endswith("\n") else f"{text}\n"
    following = _TOP_LEVEL.search(text, head.end())
    end = following.start() if following else len(text)
    block = _MANIFESTS.sub("", text[start:end])
    indent = re.search(r"\n( +)\S", block)
    space = indent[1] if indent else "  "
    # In quotes: one that happens to be 64 decimal digits, or has one e among them, is a number in YAML.
    fields = "".join(f'{space}  {segment}: "{digest}"\n' for segment, digest in sorted(digests.items()))
    return f"{text[:start]}{block}{space}manifests:\n{fields}{text[end:]}"
