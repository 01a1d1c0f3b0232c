"""Barcodes and QR codes as SVG inside a page: vectors, so that they print as sharp as the printer is."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby

import segno
from barcode import Code39
from markupsafe import Markup

# Three dots at 300 dpi, six at 600: a bar is never rounded away.
MODULE_MM = 0.254
_QUIET_MODULES = 10  # ISO/IEC 16388: blank on both sides
_QR_QUIET = 4  # ISO/IEC 18004


def code39_svg(text: str, *, height_mm: float) -> Markup:
    """Code 39 (ISO/IEC 16388), the symbology of LTO cartridge labels, without check digit as on those."""
    if text != text.upper():
        raise ValueError(f"'{text}': Code 39 has no small letters")
    modules = [module == "1" for module in str(Code39(text, add_checksum=False).build()[0])]
    width = len(modules) + 2 * _QUIET_MODULES
    return Markup(
        '<svg class="barcode" role="img" aria-label="{}" viewBox="0 0 {} 1" preserveAspectRatio="none" '
        'style="width:{:.2f}mm;height:{}mm"><path d="{}"/></svg>'
    ).format(text, width, width * MODULE_MM, height_mm, _row(modules, _QUIET_MODULES, 0))


def qr_svg(text: str, *, size_mm: float, error: str = "m") -> Markup:
    """A QR code (ISO/IEC 18004) with its quiet zone. `error`: l, m, q or h; m survives a fold and a stain."""
    code = segno.make(text, error=error, micro=False, boost_error=False)
    rows = [[bool(module) for module in row] for row in code.matrix]
    width = len(rows) + 2 * _QR_QUIET
    path = "".join(_row(row, _QR_QUIET, _QR_QUIET + number) for number, row in enumerate(rows))
    return Markup(
        '<svg class="qr" role="img" aria-label="QR" viewBox="0 0 {} {}" shape-rendering="crispEdges" '
        'style="width:{}mm;height:{}mm"><path d="{}"/></svg>'
    ).format(width, width, size_mm, size_mm, path)


def _row(modules: Sequence[bool], left: int, top: int) -> str:
    """The dark modules of one row as a path: one rectangle for each run."""
    path = []
    start = left
    for dark, run in groupby(modules):
        length = len(list(run))
        if dark:
            path.append(f"M{start} {top}h{length}v1h-{length}z")
        start += length
    return "".join(path)
