"""Grade a folder of hand-ins: every exercise for itself, in the sandbox, with the checks of the authored lab and never those of the hand-in.

A process executes the given cells of the authored lab, then the answers and the cells that the student added, in the order of the notebook.
What checking in one memory cannot prevent is said in `inmate`; hand-ins whose code names such means are listed for a look.
"""

from __future__ import annotations

import csv
import io
import re
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import suppress
from dataclasses import astuple, dataclass, fields, replace
from pathlib import Path
from typing import Any

from ..common.errors import UserError
from ..common.files import write_whole
from . import blank, editions, handin, process, sandbox
from .authored import Exercise, Lab
from .confine import Limits

LIMITS = Limits(cell=15)
GENEROUS, MORE = 2, 5  # a check may take twice its seconds and five more: a machine that grades is busy
LARGEST = 500_000_000  # bytes of a hand-in with its outputs
LONGEST = 1_000_000  # characters of a cell
ODD = re.compile(
    r"\b(ctypes|cffi|mmap|_getframe|currentframe|f_back|f_locals|settrace|setprofile|addaudithook|__subclasses__|gc|inspect|profile|cProfile"
    r"|register_at_fork|fork|_exit|kill|sys\.modules|builtins|labs\.(?:inmate|sandbox|preloaded|grading)|__code__|__globals__|__closure__|cell_contents|TorchFunctionMode|__builtins__|socket|subprocess)\b"
)


@dataclass(frozen=True)
class Score:
    """A row of the table: what an exercise of a hand-in is worth, and why. ``look``: what a teacher should look at."""

    file: str
    student: str
    lab: str
    version: str
    exercise: str
    points: int
    of: int
    what: str
    look: str = ""


@dataclass(frozen=True)
class Total:
    """A row of the second table: the sum of a hand-in."""

    file: str
    student: str
    lab: str
    version: str
    points: int
    of: int
    solved: str
    look: str


def grade(
    folder: Path, out: Path, labs: Mapping[str, Lab], *, workers: int = 2, limits: Limits = LIMITS, say: Callable[[str], None] = print
) -> list[Score]:
    """Grade all notebooks below ``folder``, and write `Score` to ``out`` and `Total` beside it after each: what is done stays done.

    Raises UserError where there is no hand-in, ``out`` cannot be written, or the sandbox does not run.
    """
    paths = handins(folder)
    _refuse_other_table(out)
    if sentence := sandbox.available():
        say(sentence)
    blanks = {id: blank.Blank.of(editions.student(lab)) for id, lab in labs.items()}
    names = {path: str(path.relative_to(folder)) for path in paths}
    scores = {path: [Score(names[path], path.stem, "", "", "", 0, 0, "not graded: the grader was stopped before")] for path in paths}
    _write(out, scores.values())
    with ThreadPoolExecutor(workers) as pool:
        jobs = {pool.submit(_graded, path, names[path], labs, blanks, limits): path for path in paths}
        try:
            for done, job in enumerate(as_completed(jobs), 1):
                scores[jobs[job]] = job.result()
                with suppress(OSError):
                    _write(out, scores.values())
                total = _total(scores[jobs[job]])
                say(f"{done}/{len(paths)}  {_printable(total.file)}: {total.lab or 'no lab'}, {total.points} of {total.of} points")
        except KeyboardInterrupt:
            pool.shutdown(cancel_futures=True)
            raise
        finally:
            _write_somewhere(out, _with_twins(scores.values()), say)
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
        look = _look(found, cells)
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
            yield sandbox.Cell(str(number), source, (_check(lab, answers[number], list(sources)),))
        elif source.strip() and cell.get("id") not in ids and " ".join(source.split()) not in texts:
            yield sandbox.Cell(str(number), source)


VERDICT = """

from dataclasses import replace as _replace

from srfp_lib.labs import attempt as _attempt

_checked = _replace({function}, seconds={seconds})
_missing = [name for name in _checked.takes if name not in answers]
if _missing:
    result = f"missing\\n{{_missing[0]}}"
else:
    _outcome = _attempt(_checked, lambda: _checked(**answers), {files})
    result = f"{{_outcome.kind}}\\n{{_outcome.sentence}}"
"""


def _check(lab: Lab, name: str, numbers: list[int]) -> sandbox.Check:
    exercise = next(exercise for exercise in lab.exercises if exercise.name == name)
    seconds = exercise.seconds * GENEROUS + MORE
    code = VERDICT.format(function=exercise.function, seconds=seconds, files=[sandbox.Cell(str(number), "").file for number in numbers])
    return sandbox.Check(name, exercise.check + code, exercise.takes, seconds + 5)


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


def _look(found: handin.Handin, cells: Iterable[sandbox.Cell]) -> str:
    odd = sorted({match for cell in cells for match in ODD.findall(cell.source)})
    general = [problem for problem in found.problems if not problem.startswith("exercise ")]
    return "; ".join([*general, *found.warnings, *([f"its code names {', '.join(odd)}: read it"] if odd else [])])


def _with_twins(scores: Iterable[list[Score]]) -> list[list[Score]]:
    """Where a student has several hand-ins to a lab, each says so."""
    kept = list(scores)
    count = Counter((rows[0].student, rows[0].lab) for rows in kept if rows[0].lab)
    return [[replace(row, look="; ".join(filter(None, [row.look, "one of several hand-ins of this student to this lab"])))
             if count[row.student, row.lab] > 1 else row for row in rows] for rows in kept]  # fmt: skip


def _total(rows: list[Score]) -> Total:
    first = rows[0]
    solved = " ".join(row.exercise for row in rows if row.of and row.points == row.of)
    return Total(first.file, first.student, first.lab, first.version, sum(r.points for r in rows), sum(r.of for r in rows), solved,
                 first.look or ("" if first.lab else first.what))  # fmt: skip


def _refuse_other_table(out: Path) -> None:
    """Raises UserError for tables that are not ours to overwrite."""
    for path, kind in ((out, Score), (_sums(out), Total)):
        if path.exists() and (not path.is_file() or not path.read_bytes().startswith(_table([], kind).rstrip())):
            raise UserError(f"'{path}' is there already and no table of scores: name another file with --out")


def _sums(out: Path) -> Path:
    return out.with_name(f"{out.stem}-sum{out.suffix}")


def _write(out: Path, scores: Iterable[list[Score]]) -> None:
    kept = list(scores)
    write_whole(out, _table([score for rows in kept for score in rows], Score))
    write_whole(_sums(out), _table([_total(rows) for rows in kept], Total))


def _write_somewhere(out: Path, scores: list[list[Score]], say: Callable[[str], None]) -> None:
    try:
        _write(out, scores)
    except OSError as error:
        other = Path(tempfile.mkdtemp(prefix="scores-")) / out.name
        _write(other, scores)
        say(f"'{out}' cannot be written ({error.strerror}): the scores are in '{other}'")


def _table(rows: list[Any], kind: type) -> bytes:
    """CSV as spreadsheets read it: UTF-8 with its mark, and no text that is taken for a formula."""
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow([field.name for field in fields(kind)])
    writer.writerows([_printable(value) if isinstance(value, str) else value for value in astuple(row)] for row in rows)
    return b"\xef\xbb\xbf" + text.getvalue().encode(errors="replace")


def _printable(text: str) -> str:
    """One line that no spreadsheet takes for a formula.

    >>> _printable("=cmd()"), _printable("a\\nb"), _printable("1.2")
    ("'=cmd()", 'a b', '1.2')
    """
    line = " ".join("".join(c if c.isprintable() or c.isspace() else "?" for c in text[:2000]).split())
    return f"'{line}" if line.startswith(("=", "+", "-", "@")) else line
