"""What `labs check` says of a hand-in: plain sentences, exit code 0 where it can be handed in and 2 where not."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

import pytest

from srfp_lib.commands import cli
from srfp_lib.common.errors import UserError
from srfp_lib.labs import blank, editions, handin, packing

SOLVED = "def to_bytes(image):\n    return np.round(np.clip(image, 0, 1) * 255).astype(np.uint8)\n"


@pytest.fixture
def notebook(lab) -> dict:
    """The student's edition, solved."""
    made = json.loads(packing.content(editions.student(lab, "ada")))
    exercise(made)["source"] = SOLVED
    return made


def exercise(notebook: dict) -> dict:
    return next(cell for cell in notebook["cells"] if cell["id"] == "exercise-9-1")


def checked(notebook: dict, path: Path, capsys) -> tuple[int, str]:
    path.write_text(json.dumps(notebook))
    code = cli.main(["labs", "check", str(path)])
    return code, capsys.readouterr().out


def test_a_solved_one_can_be_handed_in(notebook, tmp_path, capsys):
    said = checked(notebook, tmp_path / "renamed by a browser (2).ipynb", capsys)
    assert said == (0, "'renamed by a browser (2).ipynb' can be handed in: lab9, 1 of 1 exercises answered\n")


def test_an_unsolved_one_too(lab, tmp_path, capsys):
    code, said = checked(editions.student(lab), tmp_path / "a.ipynb", capsys)
    assert code == 0 and said.startswith("not solved yet: 9.1\n'a.ipynb' can be handed in: lab9, 0 of 1 exercises answered")


def change(**values):
    return lambda notebook: exercise(notebook).update(values)


def lose_metadata(notebook):
    notebook["metadata"] = {}


def lose_ids(notebook):
    for cell in notebook["cells"]:
        del cell["id"]
        cell["metadata"] = {}


def remove(notebook):
    notebook["cells"].remove(exercise(notebook))


def copy_cell(notebook):
    notebook["cells"].append({**exercise(notebook), "id": "another", "metadata": {}})


def copy_cell_whole(notebook):
    notebook["cells"].append(exercise(notebook))


def of_version(notebook):
    notebook["metadata"]["srfp_lab"]["version"] = "0123456789ab"


def of_instructor(notebook):
    notebook["metadata"]["srfp_lab"]["edition"] = "instructor"


def uses_the_study(notebook):
    exercise(notebook)["source"] = "def to_bytes(image):\n    return image * levels\n"


def helper_elsewhere(notebook):
    exercise(notebook)["source"] = "def to_bytes(image):\n    return rounded(image)\n"
    code = {"cell_type": "code", "id": "mine", "metadata": {}, "source": ["def rounded(image):\n", "    return image"]}
    notebook["cells"].insert(2, code)


@pytest.mark.parametrize(("damage", "code", "sentence"), [
    (lose_metadata, 0, "look at: its metadata is lost, which names lab and student: it is taken for lab9, after its cells"),
    (lose_ids, 0, "exercise 9.1: its own cell is gone; cell 6 is graded, which defines 'to_bytes'"),
    (remove, 2, "mend: exercise 9.1: its cell is missing, and no other cell defines 'to_bytes'"),
    (copy_cell, 0, "exercise 9.1: cells 6 and 12 answer it, and cell 6 is graded: remove what you do not need"),
    (copy_cell_whole, 0, "exercise 9.1: cells 6 and 12 answer it, and cell 12 is graded"),
    (change(cell_type="markdown"), 2, "exercise 9.1: its cell is missing"),
    (change(source="def to_byte(image):\n    return image"), 2, "(cell 6): it does not define 'to_bytes': give the function its name back"),
    (change(source="def to_bytes(image):\n    x = (1\n    return x"), 2, "exercise 9.1 (cell 6): line 2 is no Python ('(' was never closed)"),
    (change(source="\0"), 2, "exercise 9.1 (cell 6): "),
    (change(source="-" * 100_000 + "1"), 2, "exercise 9.1 (cell 6): "),
    (change(source=["def to_bytes(image):\n", "    %time 3\n", "    return image"]), 0, "its commands of the notebook (%, !, ?) are left out"),
    (change(source="%matplotlib inline\n" + SOLVED), 0, "its commands of the notebook (%, !, ?) are left out"),
    (change(source="def to_bytes(image):\n    x = 3\n    raise NotImplementedError(\"exercise 9.1\")"), 0, "not solved yet: 9.1"),
    (change(source=None), 2, "it does not define 'to_bytes'"),
    (uses_the_study, 0, "exercise 9.1 (cell 6): it uses 'levels', which neither it, nor a given cell, nor one that you added defines"),
    (helper_elsewhere, 0, ""),
    (of_version, 0, "look at: it is made from another version of lab9 (0123456789ab, here "),
    (of_instructor, 2, "mend: it is made from the instructor's edition"),
])  # fmt: skip
def test_what_is_wrong_is_said(notebook, tmp_path, capsys, damage, code, sentence):
    damage(notebook)
    found, said = checked(notebook, tmp_path / "a.ipynb", capsys)
    assert found == code and sentence in said and (sentence or "look at" not in said)
    assert said.splitlines()[-1].startswith("'a.ipynb' can be" if code == 0 else "'a.ipynb' should not be")


@pytest.mark.parametrize(("content", "sentence"), [
    (b"", "is empty: save it in Jupyter again, as .ipynb"),
    (b"print(1)", "is no notebook, which is a JSON file"),
    (b"\xff\xfe\x00", "is no notebook, which is a JSON file"),
    (b"[" * 100_000, "is no notebook, which is a JSON file"),
    (b"[]", "is no notebook of the present format"),
    (b'{"worksheets": []}', "is no notebook of the present format"),
    (b'{"cells": [3]}', "is no notebook of the present format"),
    (b'{"cells": []}', "answers no exercise of lab9: hand in the notebook of a lab"),
    (b'{"cells": [{"cell_type": "code", "metadata": {"tags": 3}, "source": [1]}], "metadata": []}', "answers no exercise of lab9"),
    (b'{"cells": [], "metadata": {"srfp_lab": {"id": "lab8"}}}', "belongs to a lab 'lab8', which is not known here: known are lab9"),
    (None, "does not exist: name the notebook that is to be handed in"),
])  # fmt: skip
def test_what_is_no_hand_in_gets_one_sentence(lab, tmp_path, capsys, content, sentence):
    if content is not None:
        (tmp_path / "a.ipynb").write_bytes(content)
    assert cli.main(["labs", "check", str(tmp_path / "a.ipynb")]) == 2
    captured = capsys.readouterr()
    assert captured.out == "" and sentence in captured.err and len(captured.err.splitlines()) == 1


def test_neither_a_folder_nor_a_pipe_nor_a_giant_is_read(lab, tmp_path, capsys):
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "a.ipynb").write_text("{}")
    for name, sentence in (("", "is no file"), ("pipe", "is no file")):
        assert cli.main(["labs", "check", str(tmp_path / name)]) == 2
        assert sentence in capsys.readouterr().err
    with pytest.raises(UserError, match="clear its outputs"):
        handin.read(tmp_path / "a.ipynb", blank.blanks(tmp_path), largest=1)


def test_without_authored_labs_the_file_beside_the_notebooks_is_enough(folder, notebook, tmp_path, capsys):
    assert cli.main(["labs", "build", str(tmp_path / "out")]) == 0
    capsys.readouterr()
    (folder / "lab9_rounding.md").unlink()
    assert checked(notebook, tmp_path / "out" / "a.ipynb", capsys)[0] == 0
    (tmp_path / "out" / "labs.json").unlink()
    assert cli.main(["labs", "check", str(tmp_path / "out" / "a.ipynb")]) == 2
    assert "labs.json', with which a hand-in is compared: put it there" in capsys.readouterr().err


def test_a_hand_in_names_its_student_and_its_answers(notebook, lab, tmp_path):
    (tmp_path / "a.ipynb").write_text(json.dumps(notebook))
    found = handin.read(tmp_path / "a.ipynb", blank.blanks(tmp_path))
    assert (found.lab, found.student, found.version, found.unsolved) == ("lab9", "ada", lab.version, ())
    assert found.answers == {"9.1": SOLVED}


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="the sandbox is for Linux and macOS")
@pytest.mark.parametrize(("source", "line"), [
    (SOLVED, "exercise 9.1: passed what is checked here"),
    ("def to_bytes(image):\n    return image", "exercise 9.1: the result is not of type uint8 (0 of 3 points)"),
    ("def to_bytes(image):\n    return np.round(image * 255).astype(np.uint8)", "exercise 9.1: passed what is checked here"),
    ("import os\ndef to_bytes(image):\n    os._exit(0)", "exercise 9.1: stopped, while it was checked"),
])  # fmt: skip
def test_with_run_the_checks_that_students_see_are_run(notebook, tmp_path, capsys, source, line):
    exercise(notebook)["source"] = source
    (tmp_path / "a.ipynb").write_text(json.dumps(notebook))
    assert cli.main(["labs", "check", str(tmp_path / "a.ipynb"), "--run"]) == 0
    assert line in capsys.readouterr().out
