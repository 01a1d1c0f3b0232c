"""systems/ and platform/ read, checked and turned into one Estate: all mistakes of all files at once."""

from __future__ import annotations

import dataclasses
import hashlib
import re
import time
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any, cast

import msgspec

from ansible_collections.kyotsu.platform.plugins.module_utils import cache
from ansible_collections.kyotsu.platform.plugins.module_utils.data_centre import today
from ansible_collections.kyotsu.platform.plugins.module_utils.estate_files import Entry, list_files, mistake
from ansible_collections.kyotsu.platform.plugins.module_utils.findings import (
    Finding,
    InvalidEstate,
    Language,
    count,
    count_text,
    plural,
    sort_findings,
)
from ansible_collections.kyotsu.platform.plugins.module_utils.model import capacity as capacity_model
from ansible_collections.kyotsu.platform.plugins.module_utils.model import collection as collection_model
from ansible_collections.kyotsu.platform.plugins.module_utils.model import platform as platform_model
from ansible_collections.kyotsu.platform.plugins.module_utils.model import system as system_model
from ansible_collections.kyotsu.platform.plugins.module_utils.model.estate import Estate
from ansible_collections.kyotsu.platform.plugins.module_utils.model.platform import FILES, Platform
from ansible_collections.kyotsu.platform.plugins.module_utils.model.system import System, Text

if TYPE_CHECKING:
    from ansible_collections.kyotsu.platform.plugins.module_utils.document import Document
    from ansible_collections.kyotsu.platform.plugins.module_utils.rules.context import Context
    from ansible_collections.kyotsu.platform.plugins.module_utils.schema import Schema

# Raised when a load of the same files may give another result: a new rule, another reading of a field.
CODE_VERSION = "2"
# A file changed within one tick of the file system's clock after it was read would keep its time: not cached.
_CLOCK_TICK_NS = 50_000_000


@dataclass(frozen=True)
class Loaded:
    """A valid estate. `findings` are warnings only; `fingerprint` is a SHA-256 over names and contents of all files.

    `context` knows the file and line of everything; it is None when the estate came from the cache.
    """

    estate: Estate
    findings: tuple[Finding, ...]
    fingerprint: str
    context: Context | None = None


@dataclass(frozen=True)
class Checked:
    """What a look at the files gave, valid or not. `estate` is None when platform/ could not be read."""

    estate: Estate | None
    findings: tuple[Finding, ...]
    fingerprint: str
    files: int
    context: Context | None = None


@dataclass(frozen=True)
class _Stored:
    systems: tuple[System, ...]
    platform: Platform
    findings: tuple[Finding, ...]
    fingerprint: str


def load_estate(
    repository: Path,
    *,
    as_of: date | None = None,
    cache_directory: Path | None = None,
    use_cache: bool = True,
) -> Loaded:
    """The validated estate on a day (default: today at the data centre); from the cache when nothing changed.

    `cache_directory` is by default .cache/. Raises InvalidEstate with all findings of all files when one of them is an
    error.
    """
    as_of = as_of or today()
    directory = cache_directory or repository / ".cache"
    before = time.time_ns()
    entries, _ = list_files(repository)
    key = _key(entries, as_of)
    if use_cache:
        body = cache.read(directory, key)
        if body is not None:
            try:
                stored = msgspec.json.decode(body, type=_Stored)
            except msgspec.DecodeError:
                pass  # an odd cache is a miss
            else:
                estate = Estate(systems=stored.systems, platform=stored.platform)
                return Loaded(estate, stored.findings, stored.fingerprint)
    checked = inspect(repository, as_of)
    if checked.estate is None or count(checked.findings)[0]:
        raise InvalidEstate(checked.findings)
    estate = checked.estate
    settled = all(entry.mtime_ns < before - _CLOCK_TICK_NS for entry in entries)
    if use_cache and settled and _key(list_files(repository)[0], as_of) == key:
        body = msgspec.json.encode(_Stored(estate.systems, estate.platform, checked.findings, checked.fingerprint))
        cache.write(directory, key, body)
    return Loaded(estate, checked.findings, checked.fingerprint, checked.context)


def check(repository: Path, as_of: date | None = None) -> tuple[Finding, ...]:
    """All findings, read afresh. Never raises for what stands in the files."""
    return inspect(repository, as_of or today()).findings


def inspect(repository: Path, as_of: date) -> Checked:
    """Read and check everything without the cache. Never raises for what stands in the files."""
    from ansible_collections.kyotsu.platform.plugins.module_utils.rules import catalogue
    from ansible_collections.kyotsu.platform.plugins.module_utils.rules.context import Context

    reading = _Reading(repository)
    platform_documents, platform = reading.read_platform()
    documents_and_systems, unread = reading.read_systems()
    findings = reading.findings
    context = None
    estate = None
    if platform is not None:
        documents_and_systems.sort(key=lambda pair: (pair[1].id, pair[0].file))
        estate = Estate(systems=tuple(system for _, system in documents_and_systems), platform=platform)
        context = Context(
            estate=estate,
            as_of=as_of,
            system_documents=tuple(document for document, _ in documents_and_systems),
            platform_documents=platform_documents,
            unread=tuple(unread),
        )
        findings.extend(catalogue.run(context))
    return Checked(estate, sort_findings(findings), reading.digest.hexdigest(), reading.files, context)


def summary(checked: Checked, language: Language) -> str:
    """The last line for people: "50 files, 151 machines, 6 desktop pools: 0 errors, 2 warnings"."""
    machines = sum(1 for _ in checked.estate.machines()) if checked.estate else 0
    pools = sum(1 for _ in checked.estate.desktop_pools()) if checked.estate else 0
    counted = count_text(checked.findings, language)
    if language == "ja":
        text = f"{checked.files} ファイル、仮想サーバ {machines} 台、仮想端末プール {pools} 個: {counted}"
        return text if checked.estate else f"{text}（platform/ が直るまで、ファイル間の検査は行いません）"
    text = f"{plural(checked.files, 'file')}, {plural(machines, 'machine')}, {plural(pools, 'desktop pool')}: {counted}"
    return text if checked.estate else f"{text}; rules across files wait until platform/ is sound"


class _Reading:
    """One pass over the files; collects findings and the fingerprint on the way."""

    def __init__(self, repository: Path) -> None:
        self.repository = repository
        self.digest = hashlib.sha256()
        self.files = 0
        entries, self.findings = list_files(repository)
        self.names = [entry.file for entry in entries]
        self.absent = {finding.file for finding in self.findings if finding.rule == "E-02"}  # folders: said once

    def read_platform(self) -> tuple[dict[str, Document], Platform | None]:
        """Documents by stem, and the platform if every one of them is sound."""
        documents: dict[str, Document] = {}
        content: dict[str, Any] = {}
        sound = True
        for name, lists in FILES.items():
            file = f"platform/{name}"
            stem = name.removesuffix(".yml")
            schema = self._schema(f"platform/_schema/{stem}.schema.json")
            if file not in self.names:
                self._say_missing(file)
                sound = False
                continue
            document = self._document(file, schema)
            if document is None:
                sound = False
                continue
            documents[stem] = document
            content.update({key: document.value[key] for key in lists if key in document.value})
        if not sound:
            return documents, None
        try:
            return documents, msgspec.convert(content, Platform)
        except msgspec.ValidationError as error:
            self.findings.append(_misfit(error, None, documents))
            return documents, None

    def read_systems(self) -> tuple[list[tuple[Document, System]], list[str]]:
        """The sound systems with their documents, and the stems of the files that are not sound."""
        schema = self._schema("systems/_schema/system.schema.json")
        sound: list[tuple[Document, System]] = []
        unread: list[str] = []
        for file in self.names:
            if not (file.startswith("systems/") and file.endswith(".yml")):
                continue
            document = self._document(file, schema)
            if document is not None:
                try:
                    sound.append((document, msgspec.convert(document.value, System)))
                    continue
                except msgspec.ValidationError as error:
                    self.findings.append(_misfit(error, document, {}))
            unread.append(file.removeprefix("systems/").removesuffix(".yml"))
        return sound, unread

    def _say_missing(self, file: str) -> None:
        if file.split("/", maxsplit=1)[0] not in self.absent:
            self.findings.append(_missing(file))

    def _bytes(self, file: str) -> bytes | None:
        from ansible_collections.kyotsu.platform.plugins.module_utils.text_file import read_bytes

        content, finding = read_bytes(self.repository / file, file)
        if finding is not None:
            self.findings.append(finding)
        if content is not None:
            self.digest.update(f"{file}\0{len(content)}\0".encode())
            self.digest.update(content)
        return content

    def _document(self, file: str, schema: Schema | None) -> Document | None:
        """The document, or None when it has findings of its own."""
        from ansible_collections.kyotsu.platform.plugins.module_utils.document import FINDINGS_LIMIT
        from ansible_collections.kyotsu.platform.plugins.module_utils.source import parse

        self.files += 1
        content = self._bytes(file)
        if content is None:
            return None
        document = parse(content, file)
        findings = list(document.findings)
        if schema is not None and (document.value is not None or not findings):
            findings.extend(schema.check(document))
        if len(findings) >= FINDINGS_LIMIT:
            findings[FINDINGS_LIMIT:] = [_more(file)]
        self.findings.extend(findings)
        return document if schema is not None and not findings else None

    def _schema(self, file: str) -> Schema | None:
        from ansible_collections.kyotsu.platform.plugins.module_utils.schema import compiled

        if file not in self.names:
            self._say_missing(file)
            return None
        content = self._bytes(file)
        if content is None:
            return None
        try:
            return compiled(content)
        except (ValueError, msgspec.MsgspecError) as error:
            self.findings.append(
                mistake(
                    "E-03",
                    file,
                    Text(en=f"is not a valid JSON Schema: {error}", ja=f"JSON Schema として正しくありません: {error}"),
                    Text(en="restore it from version control", ja="版管理から復元してください"),
                )
            )
            return None


def _key(entries: list[Entry], as_of: date) -> str:
    """What the cache is kept under: the state of the files, the day, and the code's reading of them."""
    digest = hashlib.sha256(f"{CODE_VERSION}\0{_shapes()}\0{as_of.isoformat()}\0".encode())
    for entry in entries:
        digest.update(f"{entry.file}\0{entry.size}\0{entry.mtime_ns}\0".encode("utf-8", "surrogateescape"))
    return digest.hexdigest()


def _shapes() -> str:
    """All fields of the model with their types: a cache of other shapes is never read."""
    shapes = []
    for module in (system_model, platform_model, capacity_model, collection_model):
        shapes.extend(_shapes_of(module))
    return " ".join(shapes)


def _shapes_of(module: ModuleType) -> list[str]:
    return [
        f"{name}({', '.join(f'{field.name}: {field.type}' for field in dataclasses.fields(cast(Any, value)))})"
        for name, value in sorted(vars(module).items())
        if isinstance(value, type) and dataclasses.is_dataclass(value)
    ]


def _misfit(error: msgspec.ValidationError, document: Document | None, documents: dict[str, Document]) -> Finding:
    """The schema let pass what the model does not take: a mistake in the schema, told as one."""
    match = re.search(r" - at `\$(.*)`\Z", str(error))
    keys = tuple(
        int(index) if index else name
        for name, index in re.findall(r"\.?(\w+)|\[(\d+)\]", match.group(1) if match else "")
    )
    if document is None:
        from ansible_collections.kyotsu.platform.plugins.module_utils.rules.context import STEM_OF_LIST

        document = documents.get(STEM_OF_LIST.get(str(keys[0]) if keys else "", ""))
    reason = str(error).split(" - at ")[0]
    return Finding(
        rule="E-03",
        severity="error",
        file=document.file if document else "platform",
        line=document.line(keys) if document else 1,
        object="",
        message=Text(
            en=f"passes the schema but not the model: {reason}",
            ja=f"スキーマには合いますがモデルに合いません: {reason}",
        ),
        remedy=Text(
            en="make the schema say what plugins/module_utils/model says",
            ja="スキーマを plugins/module_utils/model に合わせてください",
        ),
    )


def _missing(file: str) -> Finding:
    return mistake(
        "E-02",
        file,
        Text(en="the file is missing", ja="ファイルがありません"),
        Text(
            en="restore it; the estate is not complete without it",
            ja="復元してください（これなしでは定義が揃いません）",
        ),
    )


def _more(file: str) -> Finding:
    return mistake(
        "E-02",
        file,
        Text(en="has more mistakes than are shown here", ja="ここに表示した以外にも誤りがあります"),
        Text(
            en="correct these first, or bring the file back from version control",
            ja="まず表示された誤りを直すか、版管理から復元してください",
        ),
    )
