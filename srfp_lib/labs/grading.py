"""Grade a folder of hand-ins: every exercise for itself, in the sandbox, with the checks of the authored lab and never those of the hand-in.

A process executes the given cells of the authored lab, then the answers and the cells that the student added, in the order of the notebook.
What checking in one memory cannot prevent is said in `inmate`; the column ``look`` names hand-ins whose code names such means.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

from ..common.errors import UserError
from . import blank, editions, handin, process, sandbox
from .authored import Exercise, Lab
from .cells import functions
from .confine import Limits
from .judging import CELL
from .scores import Score, printable, refuse_other_table, total_of, with_twins, write, write_somewhere

LIMITS = Limits(cell=15)
GENEROUS, MORE = 2, 5  # a check may take twice its seconds and five more: a machine that grades is busy
LARGEST = 500_000_000  # bytes of a hand-in with its outputs
LONGEST = 1_000_000  # characters of a cell
ODD = re.compile(
    r"\b(ctypes|cffi|mmap|_getframe|currentframe|f_back|f_locals|settrace|setprofile|addaudithook|__subclasses__|gc|inspect|profile|cProfile"
    r"|register_at_fork|fork|_exit|kill|sys\.modules|builtins|__builtins__|__code__|__globals__|__closure__|cell_contents|TorchFunctionMode|socket"
    r"|subprocess|labs\.(?:inmate|judging|process|sandbox|preloaded|confine|grading))\b"
)  # names that an answer to a lab has no need of


def grade(
    folder: Path, out: Path, labs: Mapping[str, Lab], *, workers: int = 2, limits: Limits = LIMITS, say: Callable[[str], None] = print
) -> list[Score]:
    """Grade all notebooks below ``folder``, and write `Score` to ``out`` and `Total` beside it after each: what is done stays done.

    Raises UserError where there is no hand-in, ``out`` cannot be written, or the sandbox does not run.
    """
    paths = handins(folder)
    refuse_other_table(out)
    if sentence := sandbox.available():
        say(sentence)
    blanks = {id: blank.Blank.of(editions.student(lab)) for id, lab in labs.items()}
    names = {path: str(path.relative_to(folder)) for path in paths}
    scores = {path: [Score(names[path], path.stem, "", "", "", 0, 0, "not graded: the grader was stopped before")] for path in paths}
    write(out, scores.values())
    with ThreadPoolExecutor(workers) as pool:
        jobs = {pool.submit(_graded, path, names[path], labs, blanks, limits): path for path in paths}
        try:
            for done, job in enumerate(as_completed(jobs), 1):
                scores[jobs[job]] = job.result()
                with suppress(OSError):
                    write(out, scores.values())
                total = total_of(scores[jobs[job]])
                say(f"{done}/{len(paths)}  {printable(total.file)}: {total.lab or 'no lab'}, {total.points} of {total.of} points")
        except KeyboardInterrupt:
            pool.shutdown(cancel_futures=True)
            raise
        finally:
            write_somewhere(out, with_twins(scores.values()), say)
    return [score for rows in scores.values() for score in rows]


def grade_one(path: Path, lab: Lab, limits: Limits = LIMITS) -> list[Score]:
    """The scores of one hand-in to a lab. Raises UserError if the sandbox does not run."""
    sandbox.available()
    return _graded(path, path.name, {lab.id: lab}, {lab.id: blank.Blank.of(editions.student(lab))}, limits)


def handins(folder: Path) -> list[Path]:
    """The notebooks below a folder, in the order of their names. Raises UserError if there is none."""
    if not folder.is_dir():
        raise UserError(f"'{folder}' is no folder: name the one with the hand-ins")
    found = sorted(p for p in folder.rglob("*") if p.suffix.lower() == ".ipynb" and ".ipynb_checkpoints" not in p.parts and not p.is_dir())
    if not found:
        raise UserError(f"'{folder}' holds no notebook (*.ipynb): unpack the hand-ins into it")
    return found


def _graded(path: Path, name: str, labs: Mapping[str, Lab], blanks: Mapping[str, blank.Blank], limits: Limits) -> list[Score]:
    """The scores of a hand-in. Never raises."""
    try:
        found = handin.read(path, blanks, LARGEST)
    except UserError as error:
        return [Score(name, path.stem, "", "", "", 0, 0, str(error).replace(str(path), path.name))]
    except Exception as error:
        return [Score(name, path.stem, "", "", "", 0, 0, f"cannot be read: {type(error).__name__}: {error}")]
    lab = labs[found.lab]
    student = found.student or (path.parent.name if path.stem.startswith(lab.path.stem) and path.parent.name else path.stem)
    rows = [Score(name, student, lab.id, found.version, e.name, 0, e.points, "not graded") for e in lab.exercises]
    try:
        cells = list(_cells(lab, found, blank.read_notebook(path, LARGEST)))
        look = _look(lab, found, cells)
        for _ in range(2):  # a machine out of breath gets a second try
            try:
                verdicts = sandbox.run(lab.given, cells, limits)
                break
            except process.Stuck as error:
                reason = str(error)
                time.sleep(1)
        else:
            return [replace(row, what=f"not graded: {reason}") for row in rows]
        results = [_what(exercise, found, cells, verdicts) for exercise in lab.exercises]
        return [replace(row, points=points, what=what, look=look) for row, (points, what) in zip(rows, results, strict=True)]
    except Exception as error:
        return [replace(row, what=f"not graded, for a fault of the grader: {type(error).__name__}: {error}") for row in rows]


def _cells(lab: Lab, found: handin.Handin, notebook: Mapping[str, Any]) -> Iterator[sandbox.Cell]:
    """What is executed of a hand-in: its answers, and the code that no edition of the lab holds."""
    codes = [(number, cell) for number, cell in enumerate(notebook["cells"], 1) if cell.get("cell_type") == "code"]
    sources = {number: handin.plain(blank.source_of(cell))[:LONGEST] for number, cell in codes}
    answers = {max(n for n, source in sources.items() if source == answer[:LONGEST]): name for name, answer in found.answers.items()}
    ours = [cell for edition in (editions.student(lab), editions.instructor(lab)) for cell in edition.cells if cell.cell_type == "code"]
    ids = {cell.id for cell in ours if not cell.id.startswith("exercise-")}
    texts = {" ".join(cell.source.split()) for cell in ours}
    for number, cell in codes:
        source = sources[number]
        if number in answers:
            yield sandbox.Cell(str(number), source, (_check(lab, answers[number]),))
        elif source.strip() and cell.get("id") not in ids and " ".join(source.split()) not in texts:
            yield sandbox.Cell(str(number), source)


VERDICT = """

from dataclasses import replace as _replace

from srfp_lib.labs import attempt as _attempt


class _Theirs:
    def __contains__(self, file):
        return file.startswith({cell!r})


_checked = _replace({function}, seconds={seconds})
_missing = [name for name in _checked.takes if name not in answers]
if _missing:
    result = f"missing\\n{{_missing[0]}}"
else:
    _outcome = _attempt(_checked, lambda: _checked(**answers), _Theirs())
    result = f"{{_outcome.kind}}\\n{{_outcome.sentence}}"
"""


def _check(lab: Lab, name: str) -> sandbox.Check:
    exercise = next(exercise for exercise in lab.exercises if exercise.name == name)
    seconds = exercise.seconds * GENEROUS + MORE
    code = VERDICT.format(function=exercise.function, seconds=seconds, cell=CELL)
    return sandbox.Check(name, exercise.check + code, exercise.takes, seconds + MORE)


def _what(exercise: Exercise, found: handin.Handin, cells: list[sandbox.Cell], verdicts: sandbox.Verdicts) -> tuple[int, str]:
    """Points, and what happened in words."""
    cell = next((cell.name for cell in cells if any(check.name == exercise.name for check in cell.checks)), None)
    if cell is None:
        return 0, next((problem for problem in found.problems if problem.startswith(f"exercise {exercise.name}")), "its cell is missing")
    failed = verdicts.troubles.get(cell, "")
    if trouble := verdicts.troubles.get(exercise.name):
        return 0, f"stopped, while {'its cell ran' if trouble == failed else 'it was checked'}: {trouble}"
    kind, _, sentence = verdicts.results.get(exercise.name, "").partition("\n")
    if kind == "passed":
        return exercise.points, sentence
    if kind == "missing":
        return 0, f"its cell fails: {failed}" if failed else f"its cell does not define '{sentence}'"
    return 0, sentence if kind in ("wrong", "error", "unsolved", "slow") else f"the check did not end: {kind or 'no verdict'}"


def _look(lab: Lab, found: handin.Handin, cells: Iterable[sandbox.Cell]) -> str:
    """What a teacher should look at, in sentences."""
    kept = {name: {f for code in lab.stand_ins(name) for f in functions(code)} for name in found.answers}
    copied = [f"{name} is the code of its hint" for name, source in found.answers.items() if kept[name].intersection(functions(source))]
    odd = sorted({match for cell in cells for match in ODD.findall(cell.source)})
    general = [problem for problem in found.problems if not problem.startswith("exercise ")]
    return "; ".join([*general, *found.warnings, *copied, *([f"its code names {', '.join(odd)}: read it"] if odd else [])])
