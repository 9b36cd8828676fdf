"""Both editions come from one source; what breaks the format is refused with file and cell."""

import zipfile

import jupytext
import nbformat
import pytest

from srfp_lib.commands import cli
from srfp_lib.common.errors import UserError
from srfp_lib.labs import answers, authored, cells, editions, packing
from srfp_lib.labs.authored import Lab

from .conftest import EXAMPLE


def executed(notebook) -> tuple[dict, list[Exception]]:
    """What code cells define, and what they raise, without a kernel."""
    namespace, errors = {"__name__": "__main__"}, []
    for cell in notebook.cells:
        if cell.cell_type == "code":
            try:
                exec(compile(cell.source, cell.id, "exec", dont_inherit=True), namespace)
            except Exception as error:
                errors.append(error)
    return namespace, errors


def test_unsolved_only_not_implemented_is_raised(lab, capsys):
    _, errors = executed(editions.student(lab))
    assert [type(error) for error in errors] == [NotImplementedError]
    assert "Exercise 9.1 (rounding): not solved yet" in capsys.readouterr().out


def test_solved_all_checks_pass(lab, capsys):
    _, errors = executed(editions.instructor(lab))
    assert not errors and "Exercise 9.1 (rounding): passed, 3 points" in capsys.readouterr().out


def test_each_wrong_answer_is_refused(lab):
    (exercise,) = lab.exercises
    said = [answers.outcome(lab.given, exercise, answer).sentence for answer in exercise.wrong]
    assert said == ["a value is not the nearest integer", "values outside 0 ... 1 are not clipped", "the result is not of type uint8"]
    assert answers.outcome(lab.given, exercise, "def f(:").kind == "error"


def test_students_see_nothing_of_a_solution(lab):
    notebook = editions.student(lab)
    text = nbformat.writes(notebook)
    assert not editions.leaks(lab, text)
    for trace in ("SOLUTION", "HIDDEN", "wrong-", "instructor", "Pitfall", "np.rint", "formats"):
        assert trace not in text
    assert all(set(cell.metadata) <= {"tags"} for cell in notebook.cells) and set(notebook.metadata) == {"kernelspec", "language_info", "srfp_lab"}
    assert "<summary>Hint for exercise 9.1</summary>" in text


def test_a_leak_is_found(folder):
    (folder / "lab9_rounding.md").write_text(EXAMPLE.replace("The largest error of a byte:", "Try scaled = np.clip(image, 0, 1) * 255"))
    lab = Lab.read("lab9")
    assert editions.leaks(lab, nbformat.writes(editions.student(lab))) == ["scaled = np.clip(image, 0, 1) * 255"]


def test_instructors_see_everything(lab):
    text = nbformat.writes(editions.instructor(lab))
    for trace in ("# BEGIN SOLUTION", "# BEGIN HIDDEN", "**Pitfall.**", "1. cuts off instead of rounding", "stays with floats"):
        assert trace in text


def test_ids_and_bytes_are_the_same_each_time(lab):
    notebook = editions.student(lab, "ada")
    assert [cell.id for cell in notebook.cells][:7] == ["text-1", "install", "parameters-1", "given-1", "text-2", "exercise-9-1", "hint-9-1"]
    assert notebook.metadata.srfp_lab == {"id": "lab9", "edition": "student", "version": lab.version, "student": "ada"}
    assert packing.content(notebook) == packing.content(editions.student(Lab.read("lab9"), "ada"))


def test_a_version_is_what_answers_rest_on(folder, lab):
    for old, new, same in (("Pitfall", "Trap", True), ("more = ", "again = ", True), ("values outside are clipped", "clipped", False)):
        (folder / "lab9_rounding.md").write_text(EXAMPLE.replace(old, new))
        assert (Lab.read("lab9").version == lab.version) == same


@pytest.mark.parametrize(("old", "new", "sentence"), [
    ("    # END SOLUTION\n", "", "cell 5 (exercise-9.1): '# BEGIN SOLUTION' has no partner"),
    ("    # BEGIN SOLUTION\n", "", "line 5: '# END SOLUTION' has no partner"),
    ("# BEGIN SOLUTION", "# BEGIN HIDDEN", "cell 5 (exercise-9.1): line 3: HIDDEN is marked in check cells only"),
    ("# BEGIN SOLUTION", "# begin: BEGIN SOLUTION", "line 3 looks like a marker and is none"),
    ("    # BEGIN SOLUTION\n", "    # BEGIN SOLUTION\n    # BEGIN SOLUTION\n", "line 4: '# BEGIN SOLUTION' has no partner"),
    ("    # BEGIN HIDDEN\n", "    for _ in range(3):\n        # BEGIN HIDDEN\n        np.ones(2)\n",
     "what students see of it is no Python, line 6"),
    ("[exercise-9.1]", "[exercise-9]", "cell 5 (exercise-9): there is no tag 'exercise-9'"),
    ("[exercise-9.1]", "[exercise-9.2]", "there is no cell exercise-9.1"),
    ("[exercise-9.1]", "[exercise-9.1, given]", "it has two roles"),
    ("[check-9.1]", "[remove-cell]", "HIDDEN is marked in check cells only"),
    ("[wrong-9.1]", "[exercise-9.1]", "there are two cells exercise-9.1"),
    ("-9.1", "-8.1", "the exercises of lab9 are 9.1, 9.2, ..."),
    ('{"tags": ["instructor"]}', '{"tags": ["check-9.1"]}', "it must be a code cell"),
    ("@check(points=3, seconds=5)", "@check(points=3)", "must be decorated with @check(points=3, seconds=10)"),
    ("@check(points=3, seconds=5)", "@check(points=-3, seconds=5)", "must be decorated with @check(points=3, seconds=10)"),
    ("check_9_1_rounding", "check_rounding", "it must define one function, whose name begins with check_9_1_"),
    ("report(check_9_1_rounding, globals())", "check_9_1_rounding(to_bytes)", "its last line must be report(check_9_1_rounding, globals())"),
    ("check_9_1_rounding(to_bytes)", "check_9_1_rounding(to_byte)", "it takes 'to_byte', and exercise-9.1 defines to_bytes"),
    ("check_9_1_rounding(to_bytes)", "check_9_1_rounding()", "it takes nothing, and exercise-9.1 defines to_bytes"),
    ("check_9_1_rounding(to_bytes)", "check_9_1_rounding(*to_bytes)", "may only have plain parameters"),
    ("[wrong-9.1]\n\n# stays", "[remove-cell]\n\n# stays", "it has 2 cells wrong-9.1: write 3 or more"),
    ("# stays with floats\n", "", "its first line must be a comment that names the mistake"),
    ("# stays with floats\ndef to_bytes", "# stays with floats\ndef f", "it does not define 'to_bytes', which check-9.1 takes"),
    ("from srfp_lib.labs import", "from srfp_lib.lab import", "no cell 'given' has the line: from srfp_lib.labs import check, report"),
    ("    scaled =", "    scaled == =", "cell 5 (exercise-9.1): its code is no Python, line 4: invalid syntax"),
    ("id: lab9", "id: lab8", 'its front matter needs srfp_lab: {id: lab9, title: "..."}'),
    ("srfp_lab: {", "srfp: {", "its front matter needs srfp_lab"),
])  # fmt: skip
def test_what_breaks_the_format_is_named(folder, old, new, sentence):
    assert old in EXAMPLE
    (folder / "lab9_rounding.md").write_text(EXAMPLE.replace(old, new))
    with pytest.raises(UserError) as refused:
        Lab.read("lab9")
    assert str(refused.value).startswith("lab9_rounding.md") and sentence in str(refused.value)


SECOND = """```{code-cell} ipython3
:tags: [exercise-9.2]

def from_bytes(image):
    # BEGIN SOLUTION
    return image / 255
    # END SOLUTION
```

```{code-cell} ipython3
:tags: [check-9.2]

@check(points=1, seconds=5)
def check_9_2_back(from_bytes):
    assert from_bytes(255) == 1, "255 is not 1"

report(check_9_2_back, globals())
```
""" + "".join(f"\n```{{code-cell}} ipython3\n:tags: [wrong-9.2]\n\n# wrong {i}\ndef from_bytes(image):\n    return {i + 2}\n```\n" for i in range(3))


@pytest.mark.parametrize(("old", "new", "sentence"), [
    ("return image / 255", "return to_bytes(image) / 255", "it uses 'to_bytes' of exercise-9.1: an exercise must stand alone"),
    ("def from_bytes", "def to_bytes", "'to_bytes' is defined by exercise-9.1 too"),
    ("check_9_2_back", "check_9_2_rounding", "the check's name ends as that of check-9.1: 'rounding' must be its own"),
])  # fmt: skip
def test_exercises_stand_alone(folder, old, new, sentence):
    (folder / "lab9_rounding.md").write_text(f"{EXAMPLE}\n{SECOND}")
    assert [exercise.name for exercise in Lab.read("lab9").exercises] == ["9.1", "9.2"]
    (folder / "lab9_rounding.md").write_text(f"{EXAMPLE}\n{SECOND.replace(old, new)}")
    with pytest.raises(UserError, match=sentence):
        Lab.read("lab9")


def said(capsys, *arguments) -> str:
    assert cli.main(["labs", *map(str, arguments)]) == 2
    return capsys.readouterr().err


def test_list_and_build(folder, tmp_path, capsys):
    assert cli.main(["labs", "list"]) == 0
    assert capsys.readouterr().out == "lab9  What does rounding lose?  (1 exercise, 3 points)\n"
    out = tmp_path / "out"
    for edition in ("student", "instructor", "student"):  # the same again does no harm
        assert cli.main(["labs", "build", str(out), "--edition", edition]) == 0
    assert sorted(path.name for path in out.iterdir()) == ["lab9_rounding-instructor.ipynb", "lab9_rounding.ipynb", "labs.json"]
    assert jupytext.read(out / "lab9_rounding.ipynb").metadata["srfp_lab"]["edition"] == "student"
    (out / "lab9_rounding.ipynb").write_text("my work")
    assert "may hold somebody's work: remove it, or name another folder" in said(capsys, "build", out)
    assert "there is no lab 'lab7': choose one of lab9" in said(capsys, "build", out, "--lab", "lab7")
    assert "leave one out" in said(capsys, "build", out, "--zip", "--edition", "instructor")
    assert "leave one out" in said(capsys, "build", out, "--zip", "--roster", "r.csv")


def test_a_folder_without_labs(folder, tmp_path, capsys):
    (folder / "lab9_rounding.md").unlink()
    assert "holds no lab: restore it from the repository" in said(capsys, "build", tmp_path / "out")
    assert "choose one of none" in said(capsys, "build", tmp_path / "out", "--lab", "lab1")


@pytest.mark.parametrize("text", ["student,name\nada,Ada\nbob.2,Bob\n", "\ufeffname;student\r\nAda;ada\r\nBob;bob.2\r\n"])
def test_a_notebook_for_each_student(folder, tmp_path, text):
    (tmp_path / "roster.csv").write_bytes(text.encode())
    assert cli.main(["labs", "build", str(tmp_path / "out"), "--roster", str(tmp_path / "roster.csv")]) == 0
    names = {p.parent.name: jupytext.read(p).metadata["srfp_lab"]["student"] for p in (tmp_path / "out").glob("*/*.ipynb")}
    assert names == {"ada": "ada", "bob.2": "bob.2"}


@pytest.mark.parametrize(("content", "sentence"), [
    (None, "does not exist: name a CSV with a column 'student'"),
    (b"", "has no column 'student', or no row"),
    (b"student\n", "has no column 'student', or no row"),
    (b"name\nada\n", "has no column 'student', or no row"),
    ("student\nJosé\n".encode("latin-1"), "is not in UTF-8: save it as CSV UTF-8"),
    (b"student\nada\n../bob\n", "line 3: '../bob' cannot name a folder"),
    (b"name,student\nada\n", "line 2: '' cannot name a folder"),
    (b"student\nada\nAda\n", "line 3: 'Ada' is there twice"),
])  # fmt: skip
def test_a_roster_that_cannot_be_used(folder, tmp_path, capsys, content, sentence):
    if content is not None:
        (tmp_path / "roster.csv").write_bytes(content)
    assert sentence in said(capsys, "build", tmp_path / "out", "--roster", tmp_path / "roster.csv")
    assert not (tmp_path / "out").exists()


def test_the_zip_holds_no_solution(folder, lab, tmp_path):
    assert cli.main(["labs", "build", str(tmp_path), "--zip"]) == 0
    first = (tmp_path / "labs.zip").read_bytes()
    assert no_solution(tmp_path / "labs.zip", [lab]) == ["labs/README.md", "labs/lab9_rounding.ipynb", "labs/labs.json"]
    assert cli.main(["labs", "build", str(tmp_path), "--zip"]) == 0 and (tmp_path / "labs.zip").read_bytes() == first


@pytest.mark.skipif(not authored.files(), reason="no labs in this checkout")
def test_the_zip_of_all_labs_holds_no_solution(tmp_path):
    labs = authored.labs()
    packing.zipped(labs, tmp_path)
    assert len(no_solution(tmp_path / packing.ZIP, labs)) == len(labs) + 2


def no_solution(path, labs: list[Lab]) -> list[str]:
    """The names in a zip, none of whose files holds a solution."""
    with zipfile.ZipFile(path) as archive:
        texts = {name: archive.read(name).decode() for name in archive.namelist()}
    assert not {line for lab in labs for text in texts.values() for line in editions.leaks(lab, text)}
    assert not any(trace in text for text in texts.values() for trace in ("BEGIN SOLUTION", "BEGIN HIDDEN"))
    return list(texts)


def test_every_function_of_an_exercise_is_a_stub_of_its_own():
    two = "\n".join(f"def {name}(x):\n    # BEGIN SOLUTION\n    return x\n    # END SOLUTION" for name in "fg")
    assert cells.cut(two, "raise NotImplementedError").count("raise NotImplementedError") == 2


def test_students_hear_that_grading_checks_more(lab):
    visible = [cell.source for cell in editions.student(lab).cells if "@check(" in cell.source]
    hidden = ["# BEGIN HIDDEN" in cell.source for cell in lab.of_role("check")]
    assert ["more=True" in source for source in visible] == hidden and any(hidden)
    assert not any("more=True" in cell.source for cell in editions.instructor(lab).cells)


def test_labs_handed_out_one_by_one_may_lie_in_one_folder(tmp_path, capsys):
    names = [path.stem.partition("_")[0] for path in authored.files()][:2]
    for name in names:
        assert cli.main(["labs", "build", str(tmp_path), "--lab", name]) == 0
    for path in tmp_path.glob("*.ipynb"):
        assert cli.main(["labs", "check", str(path)]) == 0, capsys.readouterr()
