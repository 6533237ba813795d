"""`twin schema`: the language as a JSON Schema for editors."""

from __future__ import annotations

from pathlib import Path

import click

from twin.cli.common import command
from twin.cli.trouble import remark


@command(
    ("twin schema -o twin.schema.json", "The schema, with the models of the plugins that are installed."),
    ("twin schema | jq '.properties | keys'", "What a file may have at its top."),
)
@click.option(
    "-o", "--output", "path", type=click.Path(path_type=Path), metavar="FILE", help="Write there, not stdout."
)
def schema(path: Path | None) -> None:
    """Write the JSON Schema of topology files, for editors.

    With it an editor completes and checks a file: it knows every key, kind, unit and model parameter. What names refer
    to is for 'twin validate'.
    """
    import json

    from twin.registry import registry
    from twin.results.store import atomic
    from twin.topology.jsonschema import json_schema

    text = json.dumps(json_schema(registry()), indent=2, ensure_ascii=False, default=str) + "\n"
    if path is None:
        click.echo(text, nl=False)
        return
    with atomic(path) as part:
        part.write_text(text, encoding="utf-8")
    remark(f"wrote {path}")
    remark(f"first line of a topology file: # yaml-language-server: $schema={path.name}")
