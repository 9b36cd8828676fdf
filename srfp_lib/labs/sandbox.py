"""Code of other people, executed cell by cell in a confined process, with checks in forked children: whatever it does, every check gets a verdict.

The program that asks for it stays outside, sends code over a socket, and watches: time, memory, processes, threads and disk of all descendants.
A cell that ends or hangs its process costs that cell alone: another process executes the others. Knows nothing of labs and notebooks.
Linux and macOS. See `confine` for what the kernel guards and `inmate` for what cannot be guarded.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cache

from ..common.errors import UserError
from .confine import Limits
from .judging import CELL
from .process import Gone, Process, process

PATIENCE = 3  # cells without checks that end their process, before all of them are left out


@dataclass(frozen=True)
class Check:
    """Code that finds the values of ``takes`` in ``answers`` and leaves a text in ``result``, within so many seconds."""

    name: str
    code: str
    takes: tuple[str, ...]
    seconds: float


@dataclass(frozen=True)
class Cell:
    """A cell, named for messages, and the checks that follow it."""

    name: str
    source: str
    checks: tuple[Check, ...] = ()

    @property
    def file(self) -> str:
        """The file name that its code bears."""
        return f"{CELL}{self.name}>"


@dataclass
class Verdicts:
    """``results``: the text of each check that came to an end. ``troubles``: what went wrong, by the name of the check or cell."""

    results: dict[str, str] = field(default_factory=dict)
    troubles: dict[str, str] = field(default_factory=dict)

    @property
    def settled(self) -> set[str]:
        """Names of the checks and cells of which something is known."""
        return {*self.results, *self.troubles}


def run(given: Sequence[str], cells: Sequence[Cell], limits: Limits) -> Verdicts:
    """Execute the cells after the code of ``given``, each check after its cell. Raises Stuck if the sandbox itself does not work.

    A cell that ends its process is left out, and the others are executed again; after PATIENCE such cells only those with checks.
    """
    verdicts, left, ended = Verdicts(), list(cells), 0
    while any(check.name not in verdicts.settled for cell in left for check in cell.checks):
        culprit = _attempt(given, left, limits, verdicts)
        if culprit is None:
            break
        ended += not culprit.checks
        left = [cell for cell in left if cell is not culprit and (cell.checks or ended < PATIENCE)]
        for check in culprit.checks:
            verdicts.troubles.setdefault(check.name, verdicts.troubles[culprit.name])
    return verdicts


def _attempt(given: Sequence[str], cells: Sequence[Cell], limits: Limits, verdicts: Verdicts) -> Cell | None:
    """Execute cells in a fresh process, and those checks that have no verdict. The cell that ended it, if one did."""
    with process(given, [(cell.file, cell.source) for cell in cells], limits) as started:
        own = limits.own
        for number, cell in enumerate(cells):
            if all(check.name in verdicts.settled for later in cells[number:] for check in later.checks):
                return None
            if own < 0 and not cell.checks:
                verdicts.troubles.setdefault(cell.name, f"left out: the cells before take more than {limits.own:g} seconds")
                continue
            began = time.monotonic()
            try:
                if trouble := started.ask((cell.file, cell.source), limits.cell, "it"):
                    verdicts.troubles.setdefault(cell.name, trouble)
                own -= 0 if cell.checks else time.monotonic() - began
                for check in cell.checks:
                    if check.name not in verdicts.settled:
                        _judge(started, check, verdicts)
            except Gone as reason:
                verdicts.troubles[cell.name] = str(reason)
                return cell
    return None


def _judge(started: Process, check: Check, verdicts: Verdicts) -> None:
    try:
        verdicts.results[check.name] = started.judge(check.code, check.takes, check.seconds)
    except Gone as reason:
        verdicts.troubles[check.name] = str(reason)
        if not started.alive():
            raise


@cache
def available() -> str:
    """What this machine cannot guard, in a sentence; empty if all is well. Raises UserError where the sandbox does not run."""
    if sys.platform not in ("linux", "darwin"):
        raise UserError(f"hand-ins are graded on Linux and macOS, and this is {sys.platform}: use a virtual machine or WSL")
    with process([], [], Limits()) as started:
        return started.hello
