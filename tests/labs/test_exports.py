"""What nbgrader and Otter-Grader get. Both are no dependency; that they read it was tried with versions 0.9.6 and 7.0.0."""

import nbformat

from srfp_lib.labs import exports

from .conftest import EXAMPLE

STUB = 'raise NotImplementedError("exercise 9.1")'
TWO = "    # END SOLUTION\n    # BEGIN SOLUTION\n    pass\n    # END SOLUTION\n"


def test_nbgrader_gets_solutions_and_graded_checks(lab):
    notebook = exports.nbgrader(lab)
    nbformat.validate(notebook)
    cells = {cell.metadata.nbgrader.grade_id: cell for cell in notebook.cells if "nbgrader" in cell.metadata}
    assert set(cells) == {"exercise-9-1", "check-9-1"}
    assert "# BEGIN SOLUTION" in cells["exercise-9-1"].source and cells["exercise-9-1"].metadata.nbgrader.solution
    check = cells["check-9-1"]
    assert "# BEGIN HIDDEN TESTS" in check.source and check.source.endswith("check_9_1_rounding(to_bytes)")
    assert (check.metadata.nbgrader.grade, check.metadata.nbgrader.points, check.metadata.nbgrader.locked) == (True, 3, True)
    assert "cuts off" not in nbformat.writes(notebook) and "Pitfall" not in nbformat.writes(notebook)


def test_otter_gets_a_question_with_a_visible_and_a_hidden_test(folder, lab):
    (folder / "lab9_rounding.md").write_text(EXAMPLE.replace("    # END SOLUTION\n", TWO))
    notebook = exports.otter(type(lab).read("lab9"))
    nbformat.validate(notebook)
    raw = [cell.source for cell in notebook.cells if cell.cell_type == "raw"]
    assert raw[0].startswith("# ASSIGNMENT CONFIG\nname: lab9\n") and raw[1] == "# BEGIN QUESTION\nname: q9_1\npoints: [0, 3]"
    assert raw[2:] == ["# BEGIN SOLUTION", "# END SOLUTION", "# BEGIN TESTS", "# END TESTS", "# END QUESTION"]
    answer, seen, whole = (cell.source for cell in notebook.cells if cell.id.startswith("exercise-9-1-") and cell.cell_type == "code")
    assert answer.count("# BEGIN SOLUTION NO PROMPT") == 2 and answer.count(STUB) == 1 and answer.count("# END PROMPT") == 1
    assert "hidden: false" in seen and "np.rint" not in seen and "hidden: true" in whole and "np.rint" in whole
    tests = [text.split("# END TEST CONFIG\n")[1] for text in (seen, whole)]
    assert all(test.startswith(f"def check_9_1_rounding_{name}(env, to_bytes):") for test, name in zip(tests, ("seen", "whole"), strict=True))
    assert not any(cell.id == "check-9-1" for cell in notebook.cells)
