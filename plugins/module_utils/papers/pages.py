"""Pages for paper: Jinja2 templates of the repository, one folder, one style; dates as officials write them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from ansible_collections.kyotsu.platform.plugins.module_utils.eras import era_date
from ansible_collections.kyotsu.platform.plugins.module_utils.papers.symbols import code39_svg, qr_svg


def japanese_date(day: date) -> str:
    """令和8年12月1日（火）. Days before 令和 (2019-05-01) do not occur on our papers."""
    if day < date(2019, 5, 1):
        raise ValueError(f"{day} is before 令和")
    return era_date(day)


def render(templates: Path | Sequence[Path], name: str, **values: Any) -> str:
    """One page or several. `templates`: roles/vault/templates of the repository, or folders looked at in turn."""
    environment = Environment(
        loader=FileSystemLoader(templates),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["japanese_date"] = japanese_date
    environment.globals["code39"] = code39_svg
    environment.globals["qr"] = qr_svg
    return environment.get_template(name).render(**values)
