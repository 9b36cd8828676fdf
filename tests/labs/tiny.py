"""A tiny lab and hand-ins to it, for the tests of the grader."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import nbformat
import pytest

from srfp_lib.labs import editions, sandbox
from srfp_lib.labs.authored import Lab

HEADER = """---
jupytext: {text_representation: {extension: .md, format_name: myst}}
kernelspec: {display_name: Python 3, language: python, name: python3}
srfp_lab: {id: lab9, title: "What does a square do?"}
---

```{code-cell} ipython3
:tags: [given]

import numpy as np

from srfp_lib.labs import check, report

STEP = 1.0

def double(x):
    return np.multiply(x, 2 * STEP)
```

```{code-cell} ipython3
print("a cell of the lab's", undefined_in_the_sandbox)
```
"""
EXERCISE = """
```{code-cell} ipython3
:tags: [exercise-9.NUMBER]

def NAME(x: np.ndarray) -> np.ndarray:
    \"\"\"Each value of an array of floats, ABOUT.\"\"\"
    # BEGIN SOLUTION
    return ANSWER
    # END SOLUTION
```

```{code-cell} ipython3
:tags: [check-9.NUMBER]

@check(points=NUMBER, seconds=1)
def check_9_NUMBER_NAME(NAME):
    # BEGIN HIDDEN
    x = np.random.default_rng(NUMBER).normal(size=5)
    expected = ANSWER
    got = NAME(x)
    assert isinstance(got, np.ndarray), "the result is no array"
    assert np.allclose(got, expected), "a value is wrong"
    # END HIDDEN
    assert NAME(np.ones(3)).shape == (3,), "the shape is wrong"


report(check_9_NUMBER_NAME, globals())
```
"""
WRONG = """
```{code-cell} ipython3
:tags: [wrong-9.NUMBER]

# mistake MISTAKE
def NAME(x):
    return x + 10 + MISTAKE
```
"""
SOLUTIONS = {"square": "x * x", "cube": "x**3", "twice": "double(x)", "half": "x / 2"}
POINTS = {f"9.{number}": number for number in range(1, len(SOLUTIONS) + 1)}


def lab(folder: Path) -> Lab:
    """Exercises 9.1 square, 9.2 cube, 9.3 twice and 9.4 half, worth 1, 2, 3 and 4 points."""
    text = HEADER
    for number, (name, answer) in enumerate(SOLUTIONS.items(), 1):
        pieces = EXERCISE + "".join(WRONG.replace("MISTAKE", str(mistake)) for mistake in range(3))
        text += pieces.replace("NUMBER", str(number)).replace("NAME", name).replace("ANSWER", answer).replace("ABOUT", f"its {name}")
    path = folder / "lab9_squares.md"
    path.write_text(text)
    return Lab.from_file(path)


def solved(name: str, before: str = "") -> str:
    """An answer that is right, after other code."""
    return f"{before}\ndef {name}(x):\n    return {SOLUTIONS[name]}\n"


def hand_in(lab: Lab, answers: dict[str, str], *, student: str = "", extra: dict[int, str] | None = None) -> Any:
    """The student's edition with answers by function name, None takes the cell out; ``extra`` cells are inserted at these places."""
    notebook = editions.student(lab, student)
    numbers = {name: str(number) for number, name in enumerate(SOLUTIONS, 1)}
    for name, answer in answers.items():
        (cell,) = [cell for cell in notebook.cells if cell.id == f"exercise-9-{numbers[name]}"]
        cell.source = answer
    for place, source in (extra or {}).items():
        notebook.cells.insert(place, nbformat.v4.new_code_cell(source))
    return notebook


def write(notebook: Any, path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(nbformat.writes(notebook))


def skip_unless_guarded() -> None:
    """Skip a test whose hand-ins would do harm where the kernel guards less."""
    if lacking := sandbox.available():
        pytest.skip(lacking)
