"""XML from strangers: elements with their line, and nothing that a document type could declare."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from xml.parsers import expat

from twin.errors import Finding, InputError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

MOST_DEEP = 200
"""Elements within elements; formulas of people have ten."""


@dataclass(slots=True)
class Element:
    """One element: its tag, attributes and elements inside, where it stands; text is left out."""

    tag: str
    attributes: dict[str, str]
    file: str
    line: int
    inside: list[Element] = field(default_factory=list)

    def get(self, name: str, default: str = "") -> str:
        """An attribute, or `default` where there is none."""
        return self.attributes.get(name, default)

    def all(self, *tags: str) -> Iterator[Element]:
        """The elements inside with one of these tags."""
        return (one for one in self.inside if one.tag in tags)

    def finding(self, path: str, message: str, got: str = "", expected: str = "") -> Finding:
        """A finding at this element."""
        return Finding(self.file, self.line, 0, path, message, got, expected)


def read_xml(path: Path) -> Element:
    """The root element of a file.

    Raises:
        InputError: it cannot be read, is not well formed, declares a document type, or is nested too deep.
    """
    name = str(path)
    root = Element("", {}, name, 0)
    open_: list[Element] = [root]
    parser = expat.ParserCreate()

    def begin(tag: str, attributes: dict[str, str]) -> None:
        if len(open_) > MOST_DEEP:
            raise InputError([Finding(name, parser.CurrentLineNumber, 0, tag, f"is nested more than {MOST_DEEP} deep")])
        made = Element(tag, attributes, name, parser.CurrentLineNumber)
        open_[-1].inside.append(made)
        open_.append(made)

    def end(_tag: str) -> None:
        open_.pop()

    def declared(*_: object) -> None:
        message = "a document type is declared, which can hide other files and bombs"
        raise InputError([Finding(name, parser.CurrentLineNumber, 0, "", message, "", "a file without <!DOCTYPE>")])

    parser.StartElementHandler = begin
    parser.EndElementHandler = end
    parser.StartDoctypeDeclHandler = declared
    parser.EntityDeclHandler = declared
    try:
        parser.Parse(path.read_bytes(), True)  # noqa: FBT003 - expat's own signature
    except expat.ExpatError as error:
        said = expat.errors.messages[error.code]
        raise InputError([Finding(name, error.lineno, error.offset + 1, "", "is not well-formed XML", said)]) from None
    except OSError as error:
        raise InputError([Finding(name, 0, 0, "", f"cannot be read: {error.strerror}")]) from None
    return root.inside[0]
