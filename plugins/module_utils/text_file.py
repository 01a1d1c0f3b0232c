"""Files as text: regular, small enough, UTF-8, and without characters that nobody sees."""

from __future__ import annotations

import os
import re
import stat
from pathlib import Path

from ansible_collections.kyotsu.platform.plugins.module_utils.document import unreadable
from ansible_collections.kyotsu.platform.plugins.module_utils.findings import Finding
from ansible_collections.kyotsu.platform.plugins.module_utils.model.system import Text

SIZE_LIMIT_BYTES = 1024 * 1024
# Beyond YAML's own: characters that hide text or turn its direction, and the line breaks that editors do not count.
_FORBIDDEN = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u200b\u2028\u2029\u202a-\u202e\u2066-\u2069\ufeff\ufffe\uffff\ud800-\udfff]"
)


def read_bytes(path: Path, file: str) -> tuple[bytes | None, Finding | None]:
    """The content of a regular file within the size limit, or the finding that says why not; no symlink is followed."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError as error:
        if path.is_symlink():
            return None, unreadable(
                file,
                1,
                Text(en="is a symbolic link", ja="シンボリックリンクです"),
                Text(en="put the file itself there", ja="実体のファイルを置いてください"),
            )
        return None, _no_access(file, error)
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        return None, unreadable(
            file,
            1,
            Text(en="is not a regular file", ja="通常のファイルではありません"),
            Text(en="remove it or give it another name", ja="削除するか、別の名前にしてください"),
        )
    with open(descriptor, "rb") as stream:
        try:
            content = stream.read(SIZE_LIMIT_BYTES + 1)
        except OSError as error:
            return None, _no_access(file, error)
    if len(content) > SIZE_LIMIT_BYTES:
        return None, unreadable(
            file,
            1,
            Text(en="is larger than 1 MiB", ja="1 MiB を超えています"),
            Text(en="split it or remove what does not belong there", ja="分割するか、不要な内容を削除してください"),
        )
    return content, None


def decode(content: bytes, file: str) -> tuple[str | None, Finding | None]:
    """The text of a UTF-8 file, or the finding that names the encoding that it seems to have."""
    save = Text(en="save the file as UTF-8 without a byte order mark", ja="UTF-8（BOM なし）で保存し直してください")
    marks = ((b"\xef\xbb\xbf", "UTF-8 with a byte order mark", "BOM 付き UTF-8"), (b"\xff\xfe", "UTF-16", "UTF-16"))
    for mark, name, name_ja in (*marks, (b"\xfe\xff", "UTF-16", "UTF-16")):
        if content.startswith(mark):
            return None, unreadable(file, 1, Text(en=f"is {name}", ja=f"文字コードが {name_ja} です"), save)
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        name, name_ja = _guess_encoding(content)
        return None, unreadable(
            file, line, Text(en=f"is not UTF-8{name}", ja=f"文字コードが UTF-8 ではありません{name_ja}"), save
        )
    if not text.strip():
        return None, empty(file)
    match = _FORBIDDEN.search(text)
    if match:
        line = text.count("\n", 0, match.start()) + 1
        code = f"U+{ord(match.group()):04X}"
        return None, unreadable(
            file,
            line,
            Text(
                en=f"holds the control character {code}, which nobody sees",
                ja=f"目に見えない制御文字 {code} が含まれています",
            ),
            Text(en="delete it; it often comes with copied text", ja="削除してください（貼り付けで混入しがちです）"),
        )
    return text, None


def _guess_encoding(content: bytes) -> tuple[str, str]:
    for codec, name in (("euc_jp", "EUC-JP"), ("cp932", "Shift_JIS")):
        try:
            text = content.decode(codec)
        except UnicodeDecodeError:
            continue
        # Shift_JIS text read as EUC-JP fails nearly always; kana or kanji in the result make the guess a good one.
        if re.search("[\u3040-\u30ff\u4e00-\u9fff]", text):
            return f"; it looks like {name}", f"（{name} のようです）"
    return "", ""


def empty(file: str) -> Finding:
    """The finding for a file in which nothing stands."""
    return unreadable(
        file,
        1,
        Text(en="is empty", ja="ファイルが空です"),
        Text(
            en="fill it or remove it; an existing file of the same folder shows the fields",
            ja="内容を書くか、ファイルを削除してください（同じフォルダの既存ファイルが手本です）",
        ),
    )


def _no_access(file: str, error: OSError) -> Finding:
    reason = error.strerror or type(error).__name__
    return unreadable(
        file,
        1,
        Text(en=f"cannot be read: {reason}", ja=f"読み取れません: {reason}"),
        Text(en="check that the file exists and its permissions", ja="ファイルの有無と権限を確認してください"),
    )
