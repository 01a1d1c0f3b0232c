"""YAML with positions: one document of plain values, and for each of them the line where it stands.

A strict subset of YAML is read, because everything beyond it is either a trap or an attack here: one document, string
keys, each once, no anchors, aliases, merge keys or tags, limited size and depth. Values are those of YAML's core
schema; what YAML 1.1 would read differently (22:30, 010, NO) is refused with the text that stands there. Dates stay
text. The parser's events are read one by one without recursion, so no input can exhaust the stack.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import yaml

from ansible_collections.kyotsu.platform.plugins.module_utils.document import FINDINGS_LIMIT, Document, Keys, unreadable
from ansible_collections.kyotsu.platform.plugins.module_utils.findings import Finding
from ansible_collections.kyotsu.platform.plugins.module_utils.model.system import Text
from ansible_collections.kyotsu.platform.plugins.module_utils.scalars import CONSTANTS, is_number, plain, trap_remedy
from ansible_collections.kyotsu.platform.plugins.module_utils.text_file import decode, empty

DEPTH_LIMIT = 24
VALUES_LIMIT = 20_000  # of one file; ten times the largest one


def parse(content: bytes, file: str) -> Document:
    """Read one YAML document. Never raises for what stands in the content: `Document.findings` says what is wrong."""
    text, finding = decode(content, file)
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
            raise _RefusedError(empty(self.file))
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
        if not event.style and (key in CONSTANTS or is_number(key)):
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
                unreadable(
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
        value, message = plain(text)
        if message is not None:
            self.traps.add(path)
            name = next((str(part) for part in reversed(path) if isinstance(part, str)), "")
            told = Text(en=f"{name}: {message.en}", ja=f"{name}: {message.ja}")
            self.findings.append(unreadable(self.file, line, told, trap_remedy(text), thing=name))
        return value

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
        raise _RefusedError(unreadable(self.file, event.start_mark.line + 1, message, remedy))


def _invalid_yaml(file: str, text: str, error: yaml.YAMLError) -> Finding:
    """libyaml's complaint with its place, and what to do about the usual causes."""
    mark = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
    line = mark.line + 1 if mark else 1
    column = mark.column + 1 if mark else 1
    problem = getattr(error, "problem", None) or getattr(error, "reason", None) or "cannot be read"
    rows = text.splitlines()
    row = rows[line - 1] if line <= len(rows) else ""
    if "\t" in row[: len(row) - len(row.lstrip())] or "'\\t'" in str(problem):
        return unreadable(
            file,
            line,
            Text(en="a tab stands in the indentation", ja="字下げにタブが使われています"),
            Text(en="indent with spaces, two for each level", ja="字下げは半角空白2つずつにしてください"),
        )
    line = min(line, max(len(rows), 1))
    context, begun = getattr(error, "context", None), getattr(error, "context_mark", None)
    if context and begun and begun.line + 1 != line:
        problem = f"{problem} {context} that begins in line {begun.line + 1}"
    return unreadable(
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
