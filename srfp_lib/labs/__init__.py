"""The labs: checks that a notebook runs on a student's answers. Notebooks import `check` and `report` from here; the rest is for teachers."""

from __future__ import annotations

import inspect
import signal
import sys
import threading
import time
import traceback
from collections.abc import Callable, Container, Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from types import CodeType
from typing import Any

LONGEST = 300  # characters of an error's text in a line


@dataclass(frozen=True)
class CheckedFunction:
    """A check of an exercise: a function of the student's names that fails an assertion, with a sentence, if the answer is wrong.

    ``more``: grading checks more than this function does.
    """

    function: Callable[..., None]
    points: int
    seconds: float
    more: bool = False

    def __call__(self, *values: Any, **named: Any) -> None:
        """The check itself, without a time limit."""
        self.function(*values, **named)

    @property
    def name(self) -> str:
        """The function's name, such as ``check_1_2_rounding``."""
        return self.function.__name__

    @property
    def exercise(self) -> str:
        """The exercise's number, such as ``1.2``."""
        return ".".join(self.name.split("_")[1:3])

    @property
    def takes(self) -> tuple[str, ...]:
        """The names that it takes from the student's namespace."""
        return tuple(inspect.signature(self.function).parameters)


@dataclass(frozen=True)
class Outcome:
    """What came of a check. ``kind``: passed, unsolved, wrong (an assertion of the check), error (the answer raised) or slow."""

    kind: str
    points: int
    sentence: str


class TimeUp(BaseException):
    """The time limit is over. No Exception: an answer's own ``except Exception`` must not catch it."""


def check(*, points: int, seconds: float, more: bool = False) -> Callable[[Callable[..., None]], CheckedFunction]:
    """Make a function the check of an exercise, worth ``points`` and stopped after ``seconds``.

    >>> @check(points=2, seconds=1)
    ... def check_0_1_square(square):
    ...     assert square(3) == 9, "the square of 3 is wrong"
    >>> report(check_0_1_square, {"square": lambda x: x * x})
    Exercise 0.1 (square): passed, 2 points
    >>> report(check_0_1_square, {"square": lambda x: 2 * x})
    Exercise 0.1 (square): the square of 3 is wrong (0 of 2 points)
    """
    return lambda function: CheckedFunction(function, points, seconds, more)


def report(checked: CheckedFunction, namespace: Mapping[str, Any]) -> None:
    """Run a check on the names of a notebook and print what came of it in one line. Never raises, but for an interruption by the user."""
    if not isinstance(checked, CheckedFunction):
        print("This is no check: run the notebook from the start, and leave the cells that check as they are")
        return
    outcome = examine(checked, namespace)
    title = f"Exercise {checked.exercise} ({' '.join(checked.name.split('_')[3:])})"
    worth = "" if outcome.kind in ("passed", "unsolved") else f" (0 of {checked.points} points)"
    print(f"{title}: {outcome.sentence}{worth}")


def examine(checked: CheckedFunction, namespace: Mapping[str, Any]) -> Outcome:
    """What comes of a check on these names. Never raises, but for KeyboardInterrupt."""
    if missing := [name for name in checked.takes if name not in namespace]:
        return Outcome("unsolved", 0, f"not solved yet ('{missing[0]}' is not there: run the exercise's cell)")
    values = {name: namespace[name] for name in checked.takes}
    files = {code.co_filename for value in values.values() for code in _codes(value)}
    return attempt(checked, lambda: checked(**values), files)


def attempt(checked: CheckedFunction, work: Callable[[], None], files: Container[str]) -> Outcome:
    """What comes of work for a check, an answer from ``files``. Never raises, but for KeyboardInterrupt.

    The time limit stops Python code in the main thread of Unix; elsewhere, and in a long call of a library, it is found out afterwards.
    """
    began = time.monotonic()
    worth = f"{checked.points} point{'s' * (checked.points != 1)}"
    passed = f"passed what is checked here; grading, for {worth}, checks more" if checked.more else f"passed, {worth}"
    outcome = Outcome("passed", checked.points, passed)
    try:
        with _limit(checked.seconds):
            work()
    except KeyboardInterrupt:
        raise
    except BaseException as error:
        outcome = _failure(checked, error, files)
    if time.monotonic() - began > checked.seconds and outcome.kind in ("passed", "error"):
        return Outcome("slow", 0, f"stopped: it took more than {checked.seconds:g} seconds")
    return outcome


def _codes(value: Any) -> list[CodeType]:
    """The code of a function, or of a class's methods."""
    parts = [value, *vars(value).values()] if isinstance(value, type) else [value]
    return [code for part in parts if isinstance(code := getattr(getattr(part, "__func__", part), "__code__", None), CodeType)]


def _failure(checked: CheckedFunction, error: BaseException, files: Container[str]) -> Outcome:
    text, code = _text(error), checked.function.__code__
    if isinstance(error, NotImplementedError) and (not text or text.startswith("exercise ")):
        return Outcome("unsolved", 0, "not solved yet")
    frames = [(f.filename, f.name, f.lineno) for f in traceback.extract_tb(error.__traceback__)]
    theirs = [line for file, name, line in frames if file in files and (file, name) != (code.co_filename, code.co_name)]
    last = frames[-1] if frames else ("", "", 0)
    if isinstance(error, AssertionError) and text and (last[0] not in files or last[:2] == (code.co_filename, code.co_name)):
        return Outcome("wrong", 0, text)
    where = f"line {theirs[-1]} of your cell raises " if theirs else "your answer raises "
    return Outcome("error", 0, f"{where}{type(error).__name__}{f': {text}' if text else ''}")


def _text(error: BaseException) -> str:
    """The error's text in one line; an answer's own error may be unable to say what it is."""
    try:
        text = " ".join(str(error).split())
    except Exception:
        return ""
    return text if len(text) <= LONGEST else text[: LONGEST - 4] + " ..."


@contextmanager
def _limit(seconds: float) -> Generator[None]:
    if sys.platform == "win32" or threading.current_thread() is not threading.main_thread():
        yield
        return

    def stop(*_: Any) -> None:
        raise TimeUp

    before = signal.signal(signal.SIGALRM, stop)
    signal.setitimer(signal.ITIMER_REAL, seconds, seconds)  # again and again: an answer may catch the first
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before if before is not None else signal.SIG_DFL)
