"""YAML with positions: one document of plain values, and for each of them the line where it stands.

A strict subset of YAML is read, because everything beyond it is either a trap or an attack here: one document, string
keys, each once, no anchors, aliases, merge keys or tags, limited size and depth. Values are those of YAML's core
schema; what YAML 1.1 would read differently (22:30, 010, NO) is refused with the text that stands there. Dates stay
text. The parser's events are read one by one without recursion, so no input can exhaust the stack.
"""

from __future__ import annotations

import os
import re
import stat
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from ansible_collections.kyotsu.platform.plugins.module_utils.findings import Finding
from ansible_collections.kyotsu.platform.plugins.module_utils.model.system import Text

SIZE_LIMIT_BYTES = 1024 * 1024
DEPTH_LIMIT = 24
VALUES_LIMIT = 20_000  # of one file; ten times the largest one
# Findings of one file; a file with more is not read further: it is another file, or broken as a whole.
FINDINGS_LIMIT = 50
RULE = "E-02"

Keys = tuple[str | int, ...]

_INTEGER = re.compile(r"[-+]?(?:0|[1-9][0-9]{0,17})\Z")
_FLOAT = re.compile(r"[-+]?(?:0|[1-9][0-9]{0,17})\.[0-9]{1,17}\Z")
_CONSTANTS: dict[str, bool | None] = {
    "": None, "~": None, "null": None, "Null": None, "NULL": None,
    "true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False,
}  # fmt: skip
_FIRST_OF_OTHER = frozenset("0123456789+-.yYnNoO=<")  # a plain scalar with another first character is text
_BOOLEAN_TRAP = re.compile(r"(?:yes|Yes|YES|on|On|ON)\Z|(?P<no>no|No|NO|off|Off|OFF)\Z")
_NUMBER_TRAP = re.compile(
    r"""(?:
      [-+]?0b[01_]+ | [-+]?0x[0-9a-fA-F_]+ | [-+]?0o[0-7]+ | [-+]?0[0-9_]+ | [-+]?[0-9][0-9_]*
    | [-+]?[1-9][0-9_]*(?::[0-5]?[0-9])+(?:\.[0-9_]*)?
    | [-+]?[0-9][0-9_]*\.[0-9_]*(?:[eE][-+]?[0-9]+)? | [-+]?\.[0-9][0-9_]*(?:[eE][-+]?[0-9]+)?
    | [-+]?[0-9]+[eE][-+]?[0-9]+
    | [-+]?\.(?:inf|Inf|INF) | \.(?:nan|NaN|NAN) | = | <<
    )\Z""",
    re.VERBOSE,
)
# Beyond YAML's own: characters that hide text or turn its direction, and the line breaks that editors do not count.
_FORBIDDEN = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u200b\u2028\u2029\u202a-\u202e\u2066-\u2069\ufeff\ufffe\uffff\ud800-\udfff]"
)


@dataclass(frozen=True, slots=True)
class Document:
    """One file as it was read. `value` is None where a finding says why; `lines` gives the line of each path."""

    file: str
    value: Any
    lines: dict[Keys, int] = field(default_factory=dict)
    traps: frozenset[Keys] = frozenset()  # paths that a finding already speaks of
    findings: tuple[Finding, ...] = ()

    def line(self, path: Keys) -> int:
        """Line of the path, else of the nearest thing around it that is written down."""
        for length in range(len(path), 0, -1):
            line = self.lines.get(path[:length])
            if line is not None:
                return line
        return 1


def read_bytes(path: Path, file: str) -> tuple[bytes | None, Finding | None]:
    """The content of a regular file within the size limit, or the finding that says why not; no symlink is followed."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError as error:
        if path.is_symlink():
            return None, _finding(
                file,
                1,
                Text(en="is a symbolic link", ja="シンボリックリンクです"),
                Text(en="put the file itself there", ja="実体のファイルを置いてください"),
            )
        return None, _unreadable(file, error)
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        return None, _finding(
            file,
            1,
            Text(en="is not a regular file", ja="通常のファイルではありません"),
            Text(en="remove it or give it another name", ja="削除するか、別の名前にしてください"),
        )
    with open(descriptor, "rb") as stream:
        try:
            content = stream.read(SIZE_LIMIT_BYTES + 1)
        except OSError as error:
            return None, _unreadable(file, error)
    if len(content) > SIZE_LIMIT_BYTES:
        return None, _finding(
            file,
            1,
            Text(en="is larger than 1 MiB", ja="1 MiB を超えています"),
            Text(en="split it or remove what does not belong there", ja="分割するか、不要な内容を削除してください"),
        )
    return content, None


def parse(content: bytes, file: str) -> Document:
    """Read one YAML document. Never raises for what stands in the content: `Document.findings` says what is wrong."""
    text, finding = _decode(content, file)
    if text is None:
        return Document(file, None, findings=(finding,) if finding else ())
    try:
        return _Reader(file).read(text)
    except _RefusedError as refused:
        return Document(file, None, findings=(refused.finding,))
    except yaml.YAMLError as error:
        return Document(file, None, findings=(_invalid_yaml(file, text, error),))


class _RefusedError(Exception):
    def __init__(self, finding: Finding) -> None:
        super().__init__(finding.message.en)
        self.finding = finding


@dataclass(slots=True)
class _Frame:
    """A mapping or sequence that is not closed yet; `key` is the key that waits for its value."""

    container: dict[str, Any] | list[Any]
    path: Keys
    key: str | None = None


class _Reader:
    def __init__(self, file: str) -> None:
        self.file = file
        self.lines: dict[Keys, int] = {}
        self.traps: set[Keys] = set()
        self.findings: list[Finding] = []
        self.frames: list[_Frame] = []
        self.value: Any = None
        self.values = 0

    def read(self, text: str) -> Document:
        """All events of the text; refuses at once what makes the rest meaningless, collects the rest."""
        loader = yaml.CSafeLoader(text)
        documents = 0
        content = False
        try:
            while loader.check_event() and len(self.findings) < FINDINGS_LIMIT:
                event: Any = loader.get_event()
                kind = type(event)
                if kind is yaml.ScalarEvent:
                    self._refuse_markers(event)
                    content = content or event.value != "" or bool(event.style)
                    self._scalar(event)
                elif kind is yaml.MappingStartEvent:
                    self._refuse_markers(event)
                    content = True
                    self._open({}, event)
                elif kind is yaml.SequenceStartEvent:
                    self._refuse_markers(event)
                    content = True
                    self._open([], event)
                elif kind is yaml.MappingEndEvent or kind is yaml.SequenceEndEvent:
                    self.frames.pop()
                elif kind is yaml.AliasEvent:
                    self._refuse_alias(event)
                elif kind is yaml.DocumentStartEvent:
                    documents += 1
                    if documents > 1:
                        self._refuse(
                            event,
                            Text(en="holds more than one YAML document (---)", ja="YAML 文書が複数あります（---）"),
                            Text(
                                en="keep one document per file; remove the second ---",
                                ja="1ファイル1文書とし、2つ目の --- 以降を別ファイルにしてください",
                            ),
                        )
        finally:
            loader.dispose()
        if not content:
            raise _RefusedError(_empty(self.file))
        if len(self.findings) >= FINDINGS_LIMIT:
            return Document(self.file, None, findings=tuple(self.findings))
        return Document(self.file, self.value, self.lines, frozenset(self.traps), tuple(self.findings))

    def _scalar(self, event: Any) -> None:
        frame = self.frames[-1] if self.frames else None
        line = event.start_mark.line + 1
        if frame is not None and type(frame.container) is dict and frame.key is None:
            self._key(frame, event, line)
            return
        self._count(event)
        path = self._path_of_next(frame)
        if frame is None or type(frame.container) is list:
            self.lines[path] = line
        self._add(frame, event.value if event.style else self._plain(event.value, path, line))

    def _key(self, frame: _Frame, event: Any, line: int) -> None:
        key = event.value
        # Words like `on` are text here: keys are only ever names of fields, and the schema knows them.
        if not event.style and (key in _CONSTANTS or _is_number(key)):
            self._refuse(
                event,
                Text(en=f'the key "{key}" is not text for YAML', ja=f"キー「{key}」は YAML では文字列になりません"),
                Text(en=f'write it in quotes: "{key}"', ja=f'引用符で囲んでください: "{key}"')
                if key != "<<"
                else Text(
                    en="write the fields out; merge keys are not used",
                    ja="マージキーは使わず、項目を書き下してください",
                ),
            )
        path = (*frame.path, key)
        if key in frame.container:
            first = self.lines[path]
            self.findings.append(
                _finding(
                    self.file,
                    line,
                    Text(
                        en=f'the key "{key}" is written twice (first in line {first})',
                        ja=f"キー「{key}」が重複しています（最初は {first} 行目）",
                    ),
                    Text(en="keep one of the two", ja="どちらか一方を残してください"),
                )
            )
        else:
            self.lines[path] = line
        frame.key = key

    def _open(self, container: dict[str, Any] | list[Any], event: Any) -> None:
        frame = self.frames[-1] if self.frames else None
        if frame is not None and type(frame.container) is dict and frame.key is None:
            self._refuse(
                event,
                Text(en="a mapping or list stands where a key belongs", ja="キーの位置にマッピングやリストがあります"),
                Text(
                    en="write a plain word as key; put text that begins with { or [ in quotes",
                    ja="キーは単語で書き、{ や [ で始まる文字列は引用符で囲んでください",
                ),
            )
        if len(self.frames) >= DEPTH_LIMIT:
            self._refuse(
                event,
                Text(
                    en=f"is nested deeper than {DEPTH_LIMIT} levels", ja=f"{DEPTH_LIMIT} 段を超えて入れ子になっています"
                ),
                Text(en="no field needs that; look for a stray bracket", ja="余分な括弧がないか確認してください"),
            )
        self._count(event)
        path = self._path_of_next(frame)
        if frame is None or type(frame.container) is list:
            self.lines[path] = event.start_mark.line + 1
        self._add(frame, container)
        self.frames.append(_Frame(container, path))

    def _count(self, event: Any) -> None:
        self.values += 1
        if self.values > VALUES_LIMIT:
            self._refuse(
                event,
                Text(en=f"holds more than {VALUES_LIMIT} values", ja=f"値が {VALUES_LIMIT} 個を超えています"),
                Text(en="split it or remove what does not belong there", ja="分割するか、不要な内容を削除してください"),
            )

    def _path_of_next(self, frame: _Frame | None) -> Keys:
        if frame is None:
            return ()
        if type(frame.container) is list:
            return (*frame.path, len(frame.container))
        return (*frame.path, frame.key or "")

    def _add(self, frame: _Frame | None, value: Any) -> None:
        if frame is None:
            self.value = value
        elif type(frame.container) is list:
            frame.container.append(value)
        elif type(frame.container) is dict and frame.key is not None:
            frame.container.setdefault(frame.key, value)
            frame.key = None

    def _plain(self, text: str, path: Keys, line: int) -> Any:
        """Value of a scalar without quotes."""
        if text in _CONSTANTS:
            return _CONSTANTS[text]
        if text[0] not in _FIRST_OF_OTHER:
            return text
        if _INTEGER.match(text):
            return int(text)
        if _FLOAT.match(text):
            return float(text)
        message = _trap(text)
        if message is not None:
            self.traps.add(path)
            name = next((str(part) for part in reversed(path) if isinstance(part, str)), "")
            self.findings.append(
                _finding(
                    self.file,
                    line,
                    Text(en=f"{name}: {message.en}", ja=f"{name}: {message.ja}"),
                    _trap_remedy(text),
                    object_=name,
                )
            )
        return text

    def _refuse_markers(self, event: Any) -> None:
        if event.anchor is not None:
            self._refuse(
                event,
                Text(en=f"holds the anchor &{event.anchor}", ja=f"アンカー &{event.anchor} があります"),
                Text(
                    en="write the value out where it is needed; anchors, aliases and merge keys are not used",
                    ja="アンカー・エイリアス・マージキーは使わず、値を書き下してください",
                ),
            )
        if event.tag is not None:
            self._refuse(
                event,
                Text(en=f"holds the tag {event.tag}", ja=f"タグ {event.tag} があります"),
                Text(
                    en="remove the word that begins with !; the schema gives each field its type",
                    ja="! で始まる語を削除してください（型はスキーマが決めます）",
                ),
            )

    def _refuse_alias(self, event: Any) -> None:
        self._refuse(
            event,
            Text(en=f"holds the alias *{event.anchor}", ja=f"エイリアス *{event.anchor} があります"),
            Text(
                en="write the value out where it is needed; text that begins with * goes in quotes",
                ja="値を書き下してください（* で始まる文字列は引用符で囲みます）",
            ),
        )

    def _refuse(self, event: Any, message: Text, remedy: Text) -> None:
        raise _RefusedError(_finding(self.file, event.start_mark.line + 1, message, remedy))


def _is_number(text: str) -> bool:
    return text[0] in _FIRST_OF_OTHER and bool(_INTEGER.match(text) or _FLOAT.match(text) or _NUMBER_TRAP.match(text))


def _trap(text: str) -> Text | None:
    """What other readers of YAML (Ansible, editors) make of a plain scalar, if not what stands there."""
    match = _BOOLEAN_TRAP.match(text)
    if match:
        read_as = "false" if match.group("no") else "true"
        return Text(en=f"{text} was read as {read_as}", ja=f"{text} は {read_as} と解釈されます")
    if not _NUMBER_TRAP.match(text):
        return None
    try:
        value = yaml.safe_load(text)
    except (yaml.YAMLError, ValueError):
        value = None
    if isinstance(value, int | float) and len(text) <= 40:
        return Text(en=f"{text} was read as {value}", ja=f"{text} は数値 {value} と解釈されます")
    shown = text if len(text) <= 40 else text[:37] + "..."
    return Text(en=f"{shown} is ambiguous in YAML", ja=f"{shown} は YAML では曖昧です")


def _trap_remedy(text: str) -> Text:
    shown = text if len(text) <= 40 else text[:37] + "..."
    match = _BOOLEAN_TRAP.match(text)
    if match:
        word = "false" if match.group("no") else "true"
        return Text(
            en=f'write "{shown}" in quotes if text is meant, {word} if yes or no is meant',
            ja=f'文字列なら引用符で "{shown}" と、真偽値なら {word} と書いてください',
        )
    return Text(en=f'write "{shown}" in quotes', ja=f'引用符で囲み "{shown}" と書いてください')


def _decode(content: bytes, file: str) -> tuple[str | None, Finding | None]:
    """The text of a UTF-8 file, or the finding that names the encoding that it seems to have."""
    save = Text(en="save the file as UTF-8 without a byte order mark", ja="UTF-8（BOM なし）で保存し直してください")
    marks = ((b"\xef\xbb\xbf", "UTF-8 with a byte order mark", "BOM 付き UTF-8"), (b"\xff\xfe", "UTF-16", "UTF-16"))
    for mark, name, name_ja in (*marks, (b"\xfe\xff", "UTF-16", "UTF-16")):
        if content.startswith(mark):
            return None, _finding(file, 1, Text(en=f"is {name}", ja=f"文字コードが {name_ja} です"), save)
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        name, name_ja = _guess_encoding(content)
        return None, _finding(
            file, line, Text(en=f"is not UTF-8{name}", ja=f"文字コードが UTF-8 ではありません{name_ja}"), save
        )
    if not text.strip():
        return None, _empty(file)
    match = _FORBIDDEN.search(text)
    if match:
        line = text.count("\n", 0, match.start()) + 1
        code = f"U+{ord(match.group()):04X}"
        return None, _finding(
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


def _invalid_yaml(file: str, text: str, error: yaml.YAMLError) -> Finding:
    """libyaml's complaint with its place, and what to do about the usual causes."""
    mark = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
    line = mark.line + 1 if mark else 1
    column = mark.column + 1 if mark else 1
    problem = getattr(error, "problem", None) or getattr(error, "reason", None) or "cannot be read"
    rows = text.splitlines()
    row = rows[line - 1] if line <= len(rows) else ""
    if "\t" in row[: len(row) - len(row.lstrip())] or "'\\t'" in str(problem):
        return _finding(
            file,
            line,
            Text(en="a tab stands in the indentation", ja="字下げにタブが使われています"),
            Text(en="indent with spaces, two for each level", ja="字下げは半角空白2つずつにしてください"),
        )
    line = min(line, max(len(rows), 1))
    context, begun = getattr(error, "context", None), getattr(error, "context_mark", None)
    if context and begun and begun.line + 1 != line:
        problem = f"{problem} {context} that begins in line {begun.line + 1}"
    return _finding(
        file,
        line,
        Text(
            en=f"is not valid YAML: {problem} (column {column})",
            ja=f"YAML として読めません: {problem}（{column} 桁目）",
        ),
        Text(
            en="look at this line and the one before: indentation, a missing colon, an unclosed quote or bracket",
            ja="この行と前の行の字下げ、コロンの抜け、引用符や括弧の閉じ忘れを確認してください",
        ),
    )


def _empty(file: str) -> Finding:
    return _finding(
        file,
        1,
        Text(en="is empty", ja="ファイルが空です"),
        Text(
            en="fill it or remove it; an existing file of the same folder shows the fields",
            ja="内容を書くか、ファイルを削除してください（同じフォルダの既存ファイルが手本です）",
        ),
    )


def _unreadable(file: str, error: OSError) -> Finding:
    reason = error.strerror or type(error).__name__
    return _finding(
        file,
        1,
        Text(en=f"cannot be read: {reason}", ja=f"読み取れません: {reason}"),
        Text(en="check that the file exists and its permissions", ja="ファイルの有無と権限を確認してください"),
    )


def _finding(file: str, line: int, message: Text, remedy: Text, *, object_: str = "") -> Finding:
    return Finding(rule=RULE, severity="error", file=file, line=line, object=object_, message=message, remedy=remedy)
