"""Media at their end: deleting a disk file erases nothing, so media stay open until the array is disposed of."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

from ansible_collections.kyotsu.platform.plugins.module_utils.decommission.request import Erasure
from ansible_collections.kyotsu.platform.plugins.module_utils.retirement.codes import Code
from ansible_collections.kyotsu.platform.plugins.module_utils.retirement.documents import read_document
from tests.support.estate_lab import Finished
from tests.support.retiring import GRACE_OVER, IN_GRACE, KEYS, NAMES, RETIREMENT, Retiring, lines, rewrite
from tests.support.small_estate import S02, S13, VDI

# What the guards of the certificate say that are tried below.
TOLD: Mapping[Code, str] = {
    "certificate": "the contractor's certificate is not attached",
    "witness": "no witness of the staff",
    "media": "its media are not known",
    "serial": "is not on the asset list",
    "treatment": "must be destroyed and is purged",
}


def media_of(going: Retiring, assets: Path) -> set[str]:
    """Serials on the worklist as it is now."""
    now = GRACE_OVER + timedelta(days=400)
    going.run(now, order="media", names=list(NAMES), erasure=Erasure(assets=assets, witness="鈴木"))
    rows = json.loads((going.reports / "media-worklist.json").read_text(encoding="utf-8"))
    return {row["serial"] for row in rows}


def test_the_erasure_certificate_waits_for_certificate_serials_and_witness(going: Retiring, tmp_path: Path) -> None:
    going.to_grace()
    going.delete()
    assets = tmp_path / "assets.csv"
    assets.write_text("serial,kind,equipment,datastores\nD1,disk,kyotsu,\nD2,disk,kyotsu,\n", encoding="utf-8")
    paper, rows = tmp_path / "certificate.pdf", tmp_path / "lines.csv"
    paper.write_bytes(b"%PDF-1.7")
    names = list(NAMES)
    head = "serial,treatment,performed_on\n"

    def certify(lines_text: str, **erasure: Any) -> dict[str, tuple[str, str]]:
        rows.write_text(head + lines_text, encoding="utf-8")
        values: dict[str, Any] = {
            "assets": assets,
            "certificate": paper,
            "certificate_lines": rows,
            "witness": "鈴木",
            **erasure,
        }
        return lines(
            going.run(GRACE_OVER + timedelta(days=400), order="certify", names=names, erasure=Erasure(**values))
        )

    good = "D1,destroyed,2028-02-01\nD2,destroyed,2028-02-01\n"
    nothing = tmp_path / "nothing.csv"
    nothing.write_text("serial,kind,equipment,datastores\n", encoding="utf-8")
    attempts: tuple[tuple[str, dict[str, Any], str], ...] = (
        (good, {"certificate": None}, TOLD["certificate"]),
        (good, {"witness": " "}, TOLD["witness"]),
        ("", {"assets": nothing}, TOLD["media"]),
        ("D1,destroyed,2028-02-01\n", {}, "medium D2 must be destroyed and is not treated"),
        (good.replace("D2,destroyed", "D2,purged"), {}, TOLD["treatment"]),
        (f"{good}D3,destroyed,2028-02-01\n", {}, TOLD["serial"]),
        (f"{good}D2,destroyed,2028-02-01\n", {}, "medium D2 stands in the certificate twice"),
    )
    for text, more, told in attempts:
        refused = certify(text, **more)
        assert {status for status, _ in refused.values()} == {"refused"}, told
        assert all(told in message for _, message in refused.values()), refused
    # Until then its disks stay on the worklist, day after day.
    assert media_of(going, assets) >= {"D1", "D2"}
    rows.write_text(head + good, encoding="utf-8")
    whole = Erasure(assets=assets, certificate=paper, certificate_lines=rows, witness="鈴木")
    partly = going.run(GRACE_OVER + timedelta(days=400), order="certify", names=names[:1], erasure=whole)
    assert {each.status for each in partly.results} == {"refused"}
    assert "one certificate is about the whole system: name s02-db01, s02-ap02 too" in partly.results[0].message
    # One name is one name, also at the end of everything, when nothing else is described as in service.
    others = {other: (going.lab.repository / other).read_text(encoding="utf-8") for other in (S13, VDI)}
    for other in others:
        rewrite(going.lab, other, {"status": "retired", "retirement": {**RETIREMENT, "reusable_from": "2027-04-04"}})
    partly = going.run(GRACE_OVER + timedelta(days=400), order="certify", names=list(NAMES[:1]), erasure=whole)
    assert [each.status for each in partly.results] == ["refused"], lines(partly)
    for other, text in others.items():
        (going.lab.repository / other).write_text(text, encoding="utf-8")
    assert not (going.reports / "s02" / "erasure-certificate.json").exists()

    file = going.lab.repository / S02
    retired = file.read_text(encoding="utf-8")
    rewrite(going.lab, S02, {"status": "in-service", "retirement": None})
    restored = certify(good)
    assert {status for status, _ in restored.values()} == {"refused"}
    assert "in service again after its deletion" in "".join(text for _, text in restored.values())
    file.write_text(retired, encoding="utf-8")

    found = certify(good)
    assert {status for status, _ in found.values()} == {"changed"}
    _, digest, content = read_document((going.reports / "s02" / "erasure-certificate.json").read_text(encoding="utf-8"))
    assert content["witness"] == "鈴木"
    assert [medium["serial"] for medium in content["media"]] == ["D1", "D2"]
    assert [copy["kept_until"] for copy in content["copies_kept"]] == ["2032-01-04"] * 3
    assert going.cases()["s02-db-1"].done["certify"].evidence["record_hash"] == digest
    # The disks are treated and leave the list; the tapes of the last copies stay until they are destroyed, too.
    left = media_of(going, assets)
    assert len(left) == 2 * len(NAMES)
    assert all(serial.startswith("T") for serial in left)
    listed = json.loads(going.command("decommission.py", "list", "--format", "json").output)
    assert {each["machine"]: each["media"] for each in listed} == dict.fromkeys(KEYS, "certified")


def test_the_worklist_of_media_names_the_method_by_the_highest_class(going: Retiring, tmp_path: Path) -> None:
    going.to_grace()
    assets = tmp_path / "assets.csv"
    assets.write_text("serial,kind,equipment,datastores\nD1,disk,kyotsu,\n", encoding="utf-8")
    outcome = going.run(IN_GRACE, order="media", erasure=Erasure(assets=assets, witness="鈴木"))
    rows = json.loads((going.reports / "media-worklist.json").read_text(encoding="utf-8"))
    assert {row["method"] for row in rows} == {"destroy"}
    assert rows[0]["serial"] == "D1"
    assert lines(outcome)["D1"][0] == "held"
    assert lines(outcome)["D1"][1].startswith("destroy: carried data of the individual number segment")
    assert len([row for row in rows if row["serial"].startswith("T")]) == 6
    assert any("not on the asset list" in note for note in outcome.notes)


def test_worklist_and_certificate_come_from_the_commands_of_the_runbook(going: Retiring, tmp_path: Path) -> None:
    going.retire(date="2026-11-20")  # over before today: the inventory goes by the clock
    going.to_grace()
    going.delete()
    assets, rows, paper = tmp_path / "assets.csv", tmp_path / "lines.csv", tmp_path / "certificate.pdf"
    assets.write_text("serial,kind,equipment,datastores\nD1,disk,kyotsu,\n", encoding="utf-8")
    rows.write_text("serial,treatment,performed_on\nD1,destroyed,2028-02-01\n", encoding="utf-8")
    paper.write_bytes(b"%PDF-1.7")

    def play(tags: str, *more: str) -> Finished:
        given = [f"reports={going.reports}", f"assets={assets}", "as_of=2028-02-08", *more]
        extra = [word for each in given for word in ("-e", each)]
        return going.lab.playbook("decommission", "--tags", tags, "-e", f"names={','.join(NAMES)}", *extra)

    printed = play("media", "witness=鈴木")
    assert printed.code == 0, printed.output
    assert "worklist of 7 media" in printed.output
    assert "媒体処分作業指示書" in (going.reports / "media-worklist.html").read_text(encoding="utf-8")
    refused = play("certify", f"certificate={paper}", f"certificate_lines={rows}")
    assert refused.code != 0
    assert TOLD["witness"] in refused.output
    assert "Traceback" not in refused.output
    certified = play("certify", f"certificate={paper}", f"certificate_lines={rows}", "witness=鈴木")
    assert certified.code == 0, certified.output
    verified = going.command("decommission.py", "verify", str(going.reports / "s02/erasure-certificate.json"))
    assert verified.code == 0, verified.output
    told = going.command("decommission.py", "history", "s02-db-1")
    assert "certificate.pdf" in told.output
