"""``status --watch``: how a run goes on, from another terminal or another host. Nothing is written."""

from __future__ import annotations

import shutil
import sys
import time
from collections import Counter
from collections.abc import Mapping
from typing import TextIO

from tqdm import tqdm

from ..study import Study
from ..workflow import lock
from ..workflow.running import Going
from ..workflow.staging import Task, under_way

EVERY = 3.0  # seconds between two looks


def watch(study: Study, out: TextIO | None = None) -> int:
    """Show the run of a workspace until it ends: a picture that is drawn anew on a terminal, elsewhere a line when something changed."""
    try:
        return _watch(study, out or sys.stdout)
    except KeyboardInterrupt:  # it is not the run that stops
        return 0


def _watch(study: Study, out: TextIO) -> int:
    states, root, drawn, before, beat, since = study.states(), study.workspace.root, 0, "", -1, time.monotonic()
    while going := Going.on(root):
        if going.beat != beat:
            beat, since = going.beat, time.monotonic()
        if going.dead() or time.monotonic() - since > lock.STALE:
            print(f"the runner, process {going.process} on {going.host}, no longer answers: the command run goes on from here", file=out)
            return 1
        _renew(study, states)
        tasks = under_way(root)
        if out.isatty():
            drawn = _draw(picture(study, states, going, tasks, time.time()), drawn, out)
        elif (changed := f"{going.finished} {sorted(task.job for task in tasks)}") != before:
            before = changed
            print(in_a_line(going, tasks), file=out)
        out.flush()
        time.sleep(EVERY)
    _renew(study, states)
    done = sum(state == "done" for state in states.values())
    print(f"{'nothing is being made here' if beat < 0 else 'the run has ended'}: {done} of {len(states)} jobs are done", file=out)
    return 0


def _renew(study: Study, states: dict[str, str]) -> None:
    """Mark what was committed since; the files of what was done before are not looked at again."""
    for name in [name for name, state in states.items() if state != "done"]:
        receipt = study.workspace.receipt(name)
        if receipt and receipt.key == study.keys[name]:
            states[name] = "done"


def _draw(lines: list[str], drawn: int, out: TextIO) -> int:
    """Draw over so many lines; how many there are now."""
    width, height = shutil.get_terminal_size()
    shown = [line[: width - 1] for line in lines[-max(height - 1, 1) :]]
    out.write((f"\x1b[{drawn}F\x1b[J" if drawn else "") + "\n".join(shown) + "\n")
    return len(shown)


def picture(study: Study, states: Mapping[str, str], going: Going, tasks: list[Task], now: float) -> list[str]:
    """The lines of a picture: a line a stage, what runs, on which host and for how long, and the finished share."""
    lines = [f"profile {study.profile.name}, workspace {study.workspace.root}",
             f"engine {going.engine}, {going.workers} workers, runner on {going.host} since {going.started}"]  # fmt: skip
    under_way_ = {task.job for task in tasks}
    for stage in dict.fromkeys(name.partition("/")[0] for name in states):
        mine = {name: state for name, state in states.items() if name.partition("/")[0] == stage}
        counts = Counter("running" if name in under_way_ and state != "done" else state for name, state in mine.items())
        lines.append(f"{stage:<20} " + ", ".join(f"{number} {state}" for state, number in sorted(counts.items())))
    lines += [f"    {task.job:<40} {tqdm.format_interval(max(now - task.since, 0))} on {task.host}" for task in tasks]
    return [*lines, in_a_line(going, [])]


def in_a_line(going: Going, tasks: list[Task]) -> str:
    """The finished share, the rest, and what runs."""
    times = f"{tqdm.format_interval(going.elapsed)}, {tqdm.format_interval(going.left)} left"
    return " · ".join([f"[{going.share:4.0%}] {going.finished}/{going.jobs} jobs, {times}", *(f"{task.job} ({task.host})" for task in tasks)])
