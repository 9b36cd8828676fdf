"""The grader and its sandbox: no hand-in gets points by force, and what it does costs nobody else. Hangs and crashes: test_thirty.py."""

from __future__ import annotations

import csv
from pathlib import Path

import nbformat
import pytest

from srfp_lib.commands import cli
from srfp_lib.common.checkout import HOME
from srfp_lib.labs import authored, grading, handin, process, sandbox
from srfp_lib.labs.authored import Lab
from srfp_lib.labs.confine import Limits
from srfp_lib.labs.scores import Score

from . import tiny
from .attacks import FORGED, HARMLESS, HONEST, LIARS
from .tiny import hand_in, solved, write

pytestmark = pytest.mark.slow
QUICK = Limits(memory=300 << 20, disk=16 << 20, cell=5)
ALL = {name: solved(name) for name in tiny.SOLUTIONS}


@pytest.fixture(scope="module")
def lab(tmp_path_factory) -> Lab:
    return tiny.lab(tmp_path_factory.mktemp("lab"))


def graded(lab: Lab, folder: Path, **settings) -> dict[tuple[str, str], Score]:
    """The score of each file and exercise."""
    settings = {"limits": QUICK, "say": lambda text: None} | settings
    scores = grading.grade(folder, folder / "scores.csv", {lab.id: lab}, **settings)
    return {(score.file, score.exercise): score for score in scores}


def points(scores: dict[tuple[str, str], Score], file: str = "a.ipynb") -> dict[str, int]:
    return {exercise: score.points for (name, exercise), score in scores.items() if name == file}


def test_cells_of_ones_own_that_misbehave_cost_nothing(lab, tmp_path):
    tiny.skip_unless_guarded()
    extra = dict(enumerate(HARMLESS.values()))
    write(hand_in(lab, ALL, extra=extra), tmp_path / "a.ipynb")
    found = graded(lab, tmp_path)
    assert points(found) == tiny.POINTS, found


def test_what_a_hand_in_does_to_libraries_and_helpers_forges_no_points_and_costs_none(lab, tmp_path):
    wrong = {name: f"def {name}(x):\n    return x + 1" for name in tiny.SOLUTIONS}
    write(hand_in(lab, wrong | {"half": solved("half")}, extra=dict(enumerate(FORGED.values()))), tmp_path / "a.ipynb")
    found = graded(lab, tmp_path)
    assert points(found) == dict.fromkeys(tiny.POINTS, 0) | {"9.4": 4}, found


def test_an_answer_cannot_fetch_or_fake_what_is_expected(lab, tmp_path):
    tiny.skip_unless_guarded()
    for number in range(5):
        answers = {
            name: code.replace("NAME", name).replace("CHECKOUT", repr(str(HOME)))
            for name, code in zip(tiny.SOLUTIONS, list(LIARS.values())[4 * number :], strict=False)
        }
        write(hand_in(lab, answers), tmp_path / f"{number}.ipynb")
    found = graded(lab, tmp_path)
    assert len(found) == 20 and not any(score.points for score in found.values()), found
    assert any("read it" in score.look for score in found.values())


def test_hand_ins_are_matched_by_their_metadata_and_read_as_they_are(lab, tmp_path):
    write(hand_in(lab, ALL, student="=HYPERLINK(1)"), tmp_path / "whatever.ipynb")
    write(hand_in(lab, ALL), tmp_path / "Anna" / "lab9_squares.ipynb")
    big = hand_in(lab, {"square": solved("square"), "half": "def halv(x): return x / 2", "cube": "def ("})
    code = next(cell for cell in big.cells if cell.cell_type == "code")
    code.outputs = [nbformat.v4.new_output("stream", text="x" * 60_000_000)]
    write(big, tmp_path / "big.IPYNB")
    stranger = hand_in(lab, ALL)
    stranger.metadata["srfp_lab"] = {"id": "lab7"}
    write(stranger, tmp_path / "stranger.ipynb")
    (tmp_path / "no.ipynb").write_text("{")
    (tmp_path / "deep.ipynb").write_text("[" * 100_000)
    (tmp_path / "none.ipynb").mkdir()
    found = graded(lab, tmp_path)
    assert points(found, "whatever.ipynb") == points(found, "Anna/lab9_squares.ipynb") == tiny.POINTS, found
    assert points(found, "big.IPYNB") == {"9.1": 1, "9.2": 0, "9.3": 0, "9.4": 0}
    assert found["Anna/lab9_squares.ipynb", "9.1"].student == "Anna"
    assert "lab7" in found["stranger.ipynb", ""].what and "no notebook" in found["no.ipynb", ""].what + found["deep.ipynb", ""].what
    assert "SyntaxError" in found["big.IPYNB", "9.2"].what and "not solved" in found["big.IPYNB", "9.3"].what
    assert "halv" not in found["big.IPYNB", "9.4"].what and "'half'" in found["big.IPYNB", "9.4"].what
    _the_tables_are_right(tmp_path)


def _the_tables_are_right(folder: Path) -> None:
    table, sums = ((folder / name).read_bytes() for name in ("scores.csv", "scores-sum.csv"))
    assert table.startswith(b"\xef\xbb\xbffile,student,lab,version,exercise,points,of,what,look\r\n")
    rows = list(csv.DictReader(sums.decode("utf-8-sig").splitlines()))
    assert {row["file"]: row["points"] for row in rows}["whatever.ipynb"] == "10" and len(rows) == 6
    assert {row["student"] for row in rows} >= {"'=HYPERLINK(1)", "Anna"}


def test_lost_metadata_magics_and_renamed_cells(lab, tmp_path):
    notebook = hand_in(lab, ALL | {"half": "%time\n" + solved("half")}, extra={3: "def helper(x): return x"})
    for number, cell in enumerate(notebook.cells):  # as Colab may save it
        cell.metadata = {}
        cell.id = f"c{number}"
    notebook.metadata.pop("srfp_lab")
    write(notebook, tmp_path / "a.ipynb")
    found = graded(lab, tmp_path)
    assert points(found) == tiny.POINTS, found
    assert "metadata is lost" in found["a.ipynb", "9.1"].look


def test_a_fault_of_the_grader_is_a_row_too(lab, tmp_path, monkeypatch):
    write(hand_in(lab, ALL), tmp_path / "a.ipynb")
    monkeypatch.setattr(sandbox, "run", lambda *a: 1 / 0)
    found = graded(lab, tmp_path)
    assert points(found) == dict.fromkeys(tiny.POINTS, 0) and "fault of the grader" in found["a.ipynb", "9.1"].what


def test_mistakes_are_a_sentence(lab, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(authored, "labs", lambda: [lab])
    assert cli.main(["labs", "grade", str(tmp_path / "none")]) == 2
    assert cli.main(["labs", "grade", str(tmp_path)]) == 2
    write(hand_in(lab, {}), tmp_path / "a.ipynb")
    assert cli.main(["labs", "grade", str(tmp_path), "--workers", "0"]) == 2
    (tmp_path / "scores.csv").write_text("my notes")
    assert cli.main(["labs", "grade", str(tmp_path)]) == 2
    assert (tmp_path / "scores.csv").read_text() == "my notes"
    assert cli.main(["labs", "grade", str(tmp_path), "--out", str(tmp_path / "s.csv")]) == 0
    printed = capsys.readouterr()
    assert len(printed.err.splitlines()) == 4 and "0 of 10 points" in printed.out, printed


def test_a_sandbox_runs_without_labs():
    check = sandbox.Check("seven", "result = answers['x'] + seven", ("x",), 5)
    verdicts = sandbox.run(["seven = 7"], [sandbox.Cell("1", "x = 1", (check,))], QUICK)
    assert verdicts.results == {"seven": "8"} and not verdicts.troubles
    with pytest.raises(process.Stuck, match="given cell"):
        sandbox.run(["1 / 0"], [sandbox.Cell("1", "x = 1", (check,))], QUICK)


def test_honest_answers_may_use_libraries_as_they_like():
    cells = [sandbox.Cell(kind, code, (sandbox.Check(f"check {kind}", "result = answers['f']()", ("f",), 30),)) for kind, code in HONEST.items()]
    verdicts = sandbox.run(["import numpy as np"], cells, Limits())
    assert not verdicts.troubles and len(verdicts.results) == len(HONEST), verdicts
    assert not any("Error" in result for result in verdicts.results.values()), verdicts


def test_the_code_of_a_hint_handed_in_is_worth_a_look():
    lab = Lab.read("lab3")
    (exercise,) = (e for e in lab.exercises if e.name == "3.4")
    (stand_in,) = lab.stand_ins("3.4")
    renamed = stand_in.replace("answers", "guesses")
    for source, sentence in ((renamed, "3.4 is the code of its hint"), (exercise.solution, "")):
        found = handin.Handin(Path("a.ipynb"), "lab3", "", "", {"3.4": source}, (), (), ())
        assert grading._look(lab, found, []) == sentence
