"""Answers run without a notebook: in a namespace of the lab's given cells. In this process; those of others belong into the sandbox."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from . import Outcome, attempt, check, examine, report
from .authored import Exercise


def outcome(given: Iterable[str], exercise: Exercise, answer: str) -> Outcome:
    """What the whole check says of an answer, the code of an exercise's cell. Never raises, but for KeyboardInterrupt and errors of ``given``."""
    namespace: dict[str, Any] = {"__name__": "__main__", "check": check, "report": report}
    for number, source in enumerate(given, 1):
        _run(source, f"given-{number}", namespace)
    own = dict(namespace)  # an answer may not exchange the check
    _run(exercise.check, f"check-{exercise.name}", own)
    checked, file = own[exercise.function], f"exercise-{exercise.name}"
    defined = attempt(checked, lambda: _run(answer, file, namespace), {file})
    return examine(checked, namespace) if defined.kind == "passed" else defined


def _run(source: str, file: str, namespace: dict[str, Any]) -> None:
    exec(compile(source, file, "exec", dont_inherit=True), namespace)
