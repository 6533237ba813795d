"""`twin init`: a starter topology to learn from and change."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path

import click

from twin.cli.common import command
from twin.cli.trouble import remark
from twin.errors import UsageError

STARTER = "quickstart.yaml"


@command(
    ("twin init", "Writes quickstart.yaml here."),
    ("twin init my-campus", "Writes my-campus/quickstart.yaml."),
)
@click.argument("folder", default=".", type=click.Path(file_okay=False, path_type=Path))
def init(folder: Path) -> None:
    """Write a starter topology to learn from and change.

    It is one rack room with two feeds, a lease and a tariff, and fits on one screen. Nothing is overwritten.
    """
    place = folder / STARTER
    text = files("twin.cli").joinpath("starter.yaml").read_text(encoding="utf-8")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with place.open("x", encoding="utf-8") as file:
            file.write(text)
    except FileExistsError as error:
        raise UsageError(f"'{place}' is there already; name another folder, or remove it") from error
    except OSError as error:
        raise UsageError(f"cannot write '{place}': {error.strerror or error}") from error
    remark(f"wrote {place}")
    remark(f"next: twin evaluate {place}")
