"""The API, a page a room, from signatures and docstrings. Nothing is imported: the sources are read."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from ...common.checkout import HOME

PACKAGE = HOME / "srfp_lib"
INDEX = """# API

The package `srfp_lib`, a page for each of its rooms. A name that begins with an underscore is a detail and is left out.
[The house](../book/house) says which room may use which.

"""


def pages() -> dict[str, str]:
    """The pages by their paths."""
    rooms = sorted(path for path in PACKAGE.iterdir() if path.suffix == ".py" or (path / "__init__.py").exists())
    found = {room.stem: "\n".join(_room(room)) for room in rooms if not room.stem.startswith("__")}
    listed = "".join(f"- [{room.stem}](rooms/{room.stem}): {_about(room)}\n" for room in rooms if room.stem in found)
    return {"api/index.md": INDEX + listed} | {f"api/rooms/{name}.md": text for name, text in found.items()}


def _about(room: Path) -> str:
    """The first sentence of a room's docstring."""
    source = (room / "__init__.py" if room.is_dir() else room).read_text(encoding="utf-8")
    return _prose((ast.get_docstring(ast.parse(source)) or "").partition("\n\n")[0].replace("\n", " ")).strip()


def _room(room: Path) -> Iterator[str]:
    """A heading, and its modules."""
    yield f"# srfp_lib.{room.stem}\n"
    files = sorted(room.rglob("*.py")) if room.is_dir() else [room]
    for file in files:
        module = ast.parse(file.read_text(encoding="utf-8"))
        name = ".".join(file.relative_to(PACKAGE).with_suffix("").parts).removesuffix(".__init__")
        shown = [text for node in module.body if (text := _described(node))]
        about = ast.get_docstring(module) or ""
        if not (shown or about) or name.rpartition(".")[2].startswith("_"):
            continue
        yield from [f"## {name}\n" * bool(shown or name != room.name), _prose(about), *shown]


def _described(node: ast.stmt, owner: str = "") -> str:
    """A public function or class with a docstring, and the public methods of a class; empty for anything else.

    Not under headings: Sphinx copies all headings of a book into every page's navigation, which took as long as all else.
    """
    if not isinstance(node, ast.FunctionDef | ast.ClassDef) or node.name.startswith("_") or not (about := ast.get_docstring(node)):
        return ""
    members = [_described(one, f"{node.name}.") for one in node.body] if isinstance(node, ast.ClassDef) else []
    return "\n".join([f"```python\n{owner}{_signature(node)}\n```\n", _prose(about), *filter(None, members)])


def _signature(node: ast.FunctionDef | ast.ClassDef) -> str:
    """As in the source, without decorators' effects."""
    if isinstance(node, ast.ClassDef):
        bases = ", ".join(map(ast.unparse, node.bases))
        fields = [f"    {ast.unparse(one)}" for one in node.body if isinstance(one, ast.AnnAssign)]
        return "\n".join([f"class {node.name}{f'({bases})' if bases else ''}", *fields])
    returns = f" -> {ast.unparse(node.returns)}" if node.returns else ""
    return f"{node.name}({ast.unparse(node.args)}){returns}"


def _prose(docstring: str) -> str:
    """A docstring as Markdown: examples become code."""
    blocks: list[str] = []
    for block in docstring.split("\n\n"):
        lines = block.strip("\n")
        if lines.lstrip().startswith(">>>"):
            lines = f"```python\n{lines}\n```"
        elif lines.startswith("    "):
            lines = f"```text\n{lines}\n```"
        else:
            lines = _escaped(lines.replace("``", "`"))
        blocks.append(lines)
    return "\n\n".join(blocks) + "\n"


def _escaped(text: str) -> str:
    """Text in which only what stands between backticks is markup.

    >>> print(_escaped("`a * b` is a * b"))
    `a * b` is a \\* b
    """
    parts = text.split("`")
    return "`".join(part if i % 2 else re.sub(r"([$<~*\[\]{}])", r"\\\1", part) for i, part in enumerate(parts))
