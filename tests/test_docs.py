"""The documentation does what it says: every example runs, every output is as shown, reference pages equal the code."""

from __future__ import annotations

import importlib.util
import json
import re
import sys
from pathlib import Path

import pytest
import yaml

HOUSE = Path(__file__).parents[1]
DOCS = HOUSE / "docs"


def _script(name):
    spec = importlib.util.spec_from_file_location(f"docs_{name}", DOCS / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


examples, generate = _script("examples"), _script("generate")
WRITTEN = sorted([*DOCS.rglob("*.md"), HOUSE / "README.md", HOUSE / "CONTRIBUTING.md"])


@pytest.mark.parametrize("path", examples.PAGES, ids=lambda path: path.stem.lower())
def test_examples_run_and_give_what_is_shown(path, tmp_path):
    with examples.opened(path, tmp_path.resolve()) as page:
        for result in page.run():
            if result.shown is not None:
                place = f"{path.name}:{result.shown.line}"
                assert result.got == result.shown.body, f"{place}: run `python docs/examples.py {path.name}` and look"


def test_every_page_with_examples_is_run():
    # the API page and the generated ones hold no commands of their own
    left = {path for path in WRITTEN if path not in examples.PAGES and "reference" not in path.parts}
    assert not left


@pytest.mark.parametrize("path", sorted(generate.pages()))
def test_reference_pages_equal_the_code(path):
    assert (DOCS / path).read_text(encoding="utf-8") == generate.pages()[path], "run `python docs/generate.py`"


def test_every_published_case_of_the_page_is_still_tested(collected, request):
    """A test holds itself to the records; that one is gone only the records can say."""
    if any("::" in arg for arg in request.config.args) or request.config.getoption("lf", default=False):
        pytest.skip("only a part of the files was collected")
    kept = json.loads((HOUSE / "tests" / "published.json").read_text(encoding="utf-8"))
    files = {test.partition("::")[0] for test in collected}
    gone = [test for test in kept if test.partition("::")[0] in files and test not in collected]
    assert not gone, "run `python docs/generate.py cases`"
    assert all((HOUSE / test.partition("::")[0]).is_file() for test in kept)


def test_reference_pages_do_not_hang_on_the_terminal(monkeypatch):
    monkeypatch.setenv("COLUMNS", "44")
    assert generate.pages()["reference/cli.md"] == (DOCS / "reference" / "cli.md").read_text(encoding="utf-8")


def test_the_api_page_names_every_public_name():
    import twin  # noqa: PLC0415 - read with its __all__
    from twin import api  # noqa: PLC0415 - as above

    text = (DOCS / "reference" / "api.md").read_text(encoding="utf-8")
    named = set(re.findall(r"`(\w+)`|::: [\w.]*?(\w+)$", text, re.MULTILINE))
    flat = {name for pair in named for name in pair if name}
    assert not {name for name in twin.__all__ if not name.startswith("__")} - flat
    assert not set(api.__all__) - flat


def test_every_page_is_in_the_navigation():
    nav = yaml.safe_load((HOUSE / "mkdocs.yml").read_text(encoding="utf-8"))["nav"]
    listed = set(re.findall(r"[\w/-]+\.md", str(nav)))
    assert listed == {str(path.relative_to(DOCS)) for path in DOCS.rglob("*.md")}


@pytest.mark.parametrize("path", WRITTEN, ids=lambda path: path.stem.lower())
def test_tests_and_files_named_in_the_text_are_there(path):
    text = re.sub(r"^```.*?^```$", "", path.read_text(encoding="utf-8"), flags=re.MULTILINE | re.DOTALL)
    for file, test in re.findall(r"`(tests/[\w/]+\.py)(?:::(\w+))?`", text):
        assert (HOUSE / file).is_file(), file
        if test:
            assert re.search(rf"def {test}\b", (HOUSE / file).read_text(encoding="utf-8")), f"{file}::{test}"


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("twin a\ntwin b  # why\n", ["twin a", "twin b  # why"]),
        ('twin q x "select\n  1"\n', ['twin q x "select\n  1"']),
        ("# nothing\n\n", []),
        ("twin a \\\n  b\n", ["twin a   b"]),
    ],
)
def test_commands_of_a_block(text, wanted):
    assert list(examples.commands(text)) == wanted


def test_the_picture_is_of_a_present_run():
    picture = _script("picture")
    assert picture.PICTURE.read_text(encoding="utf-8") == picture.picture(), "run `python docs/picture.py`"


@pytest.mark.parametrize(("number", "agrees"), [(3, True), (4, False)])
def test_an_answer_in_polars_is_held_to_the_one_in_sql(tmp_path, number, agrees):
    import polars as pl  # noqa: PLC0415 - here alone

    import twin  # noqa: PLC0415 - as above
    from twin.results.provenance import Provenance  # noqa: PLC0415 - as above

    twin.Results({"sites": pl.DataFrame({"kw": [1, 2]})}, Provenance("here", {})).save(tmp_path / "results")
    page = tmp_path / "page.md"
    page.write_text(
        '```sh\ntwin query results "select sum(kw) as kw from sites"\n```\n\n<!-- test: same -->\n'
        '```python\nimport polars as pl\nanswer = pl.DataFrame({"kw": [NUMBER]})\n```\n'.replace("NUMBER", str(number))
    )
    with examples.opened(page, tmp_path.resolve()) as opened:
        if agrees:
            assert len(list(opened.run())) == 2
        else:
            with pytest.raises(examples.ExampleError, match="`answer` is not what the SQL"):
                list(opened.run())
