"""A folder of thirty hand-ins, some of which hang, crash, fork, fill memory and disk or delete files: every score is written and right."""

from __future__ import annotations

import csv
import os
import time
from pathlib import Path

import psutil
import pytest

from srfp_lib.labs import grading, sandbox
from srfp_lib.labs.confine import Limits

from . import tiny
from .attacks import DELETES, HARMLESS, HOSTILE
from .tiny import POINTS, SOLUTIONS, hand_in, solved, write

pytestmark = pytest.mark.slow
LIMITS = Limits(memory=1 << 30, disk=16 << 20, cell=3)
RIGHT = {name: solved(name) for name in SOLUTIONS}
WORDS = {title.partition(": ")[0]: title.partition(": ")[2] for title in HOSTILE}
CODE = {title.partition(": ")[0]: code for title, code in HOSTILE.items()}


def test_thirty_hand_ins(tmp_path):
    """Prints the seconds it took (pytest -s)."""
    tiny.skip_unless_guarded()
    lab, folder, sentinel = tiny.lab(tmp_path), tmp_path / "handins", tmp_path / "sentinel" / "keep"
    sentinel.parent.mkdir()
    sentinel.write_text("keep")
    expected = _thirty(lab, folder, sentinel)
    assert len(expected) == 30
    before = {p.pid for p in psutil.process_iter()}
    began = time.monotonic()
    grading.grade(folder, tmp_path / "scores.csv", {lab.id: lab}, limits=LIMITS)
    seconds = time.monotonic() - began
    print(f"30 hand-ins in {seconds:.0f} s")
    rows = list(csv.DictReader((tmp_path / "scores.csv").read_text(encoding="utf-8-sig").splitlines()))
    found = {file: {row["exercise"]: int(row["points"]) for row in rows if row["file"] == file} for file in expected}
    assert found == expected, [row for row in rows if expected[row["file"]].get(row["exercise"]) != int(row["points"])]
    _words_fit(rows)
    assert sentinel.read_text() == "keep" and seconds < 600
    assert not _left_behind(before)


def _thirty(lab, folder: Path, sentinel: Path) -> dict[str, dict[str, int]]:
    """Write thirty hand-ins; the points of each file."""
    expected = {}

    def add(file: str, answers: dict[str, str], lost: set[str], **settings) -> None:
        write(hand_in(lab, answers, **settings), folder / file)
        expected[file] = {name: 0 if name in lost else points for name, points in POINTS.items()}

    for number, (kind, code) in enumerate(CODE.items()):  # 11, in the cell of an exercise
        lost = number % 4
        name = list(SOLUTIONS)[lost]
        add(f"hostile/{kind}.ipynb", RIGHT | {name: solved(name) + code}, {f"9.{lost + 1}"})
    for kind in ("hangs", "os._exit", "bomb"):  # 3, in an answer, found when it is checked
        body = "".join(f"    {line}\n" for line in CODE[kind].splitlines())
        add(f"inside/{kind}.ipynb", RIGHT | {"cube": f"def cube(x):\n{body}"}, {"9.2"})
    for kind in ("hangs and catches all", "eats memory"):  # 2, in cells of their own, several times
        add(f"own/{kind}.ipynb", RIGHT, set(), extra={place: CODE[kind] for place in (0, 3, 5)})
    for number, code in enumerate(DELETES.values()):  # 4
        add(f"deletes/{number}.ipynb", RIGHT, set(), extra={0: code.replace("SENTINEL", repr(str(sentinel)))})
    add("clumsy.ipynb", RIGHT, set(), extra=dict(enumerate(HARMLESS.values())))
    add("Anna Meier_4711_lab (1).ipynb", RIGHT, set(), student="Anna Meier")
    add("untouched.ipynb", {}, set(POINTS))
    add("half.ipynb", {"square": solved("square"), "half": "def half(x): return x"}, {"9.2", "9.3", "9.4"})
    add("renamed.ipynb", RIGHT | {"twice": "def zwice(x): return 2 * x"}, {"9.3"})
    notebook = hand_in(lab, RIGHT)
    notebook.cells = [cell for cell in notebook.cells if not cell.id.endswith("9-2")]
    write(notebook, folder / "missing.ipynb")
    expected["missing.ipynb"] = {**POINTS, "9.2": 0}
    for name, content in {"no": "", "html": "<html>", "list": "[1, 2]"}.items():
        (folder / f"{name}.ipynb").write_text(content)
        expected[f"{name}.ipynb"] = {"": 0}
    os.mkfifo(folder / "pipe.ipynb")
    return {**expected, "pipe.ipynb": {"": 0}}


def _words_fit(rows: list[dict[str, str]]) -> None:
    for row in rows:
        kind = Path(row["file"]).stem
        if row["file"].startswith("hostile/") and row["points"] == "0":
            assert WORDS[kind] in row["what"], row
        assert row["what"] and "fault of the grader" not in row["what"], row


def _left_behind(before: set[int]) -> list[psutil.Process]:
    """Processes of hand-ins that still run: they are children of the fork server's children."""
    time.sleep(1)
    server = psutil.Process().children()
    return [p for s in server for p in s.children(recursive=True) if p.pid not in before and p.status() != psutil.STATUS_ZOMBIE]


def test_the_limits_hold_in_a_child_of_the_check_too():
    check = sandbox.Check("x", "answers['f']()\nresult = ''", ("f",), 20)
    code = "def f():\n    kept = []\n    while True: kept.append(bytearray(1 << 24))"
    verdicts = sandbox.run([], [sandbox.Cell("1", code, (check,))], Limits(memory=200 << 20, cell=3))
    assert "MemoryError" in verdicts.results.get("x", "") + verdicts.troubles.get("x", "") or "memory" in verdicts.troubles["x"], verdicts
