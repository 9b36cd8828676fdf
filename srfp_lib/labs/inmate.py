"""The process of a hand-in, seen from inside: it executes cells on command, and forks a child for each check.

A check runs in the memory that the hand-in's code has had for itself, and there no Python code is safe from other Python code. What makes it
dear to cheat: the check arrives only after the fork, when all else of the hand-in is stopped; libraries, builtins and given helpers are put
back as they were, the most used ones again after each call of the answer; what an answer returns must be of a class that a library defines;
an audit hook refuses the ways to frames, to the collector's lists and to the code of library functions (`judging`); and the verdict bears a
number made after the hand-in's code ran. What cannot be prevented: code that is no Python, such as ctypes gives access to, reads and writes
all of this memory; an answer may change the arrays that it is given, and keep what it returns and change it later; a function that a check
gives to an answer leads to the globals of the check, which are put back but can be read; classes of libraries outside
`preloaded.PATCHABLE` can be patched. `grading` lists hand-ins whose code names such means, so that somebody reads them.
"""

from __future__ import annotations

import _signal  # pyrefly: ignore[missing-import] - the functions of signal without their wrappers in Python
import builtins
import ctypes
import linecache
import os
import signal
import socket
import struct
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any, NoReturn

import psutil

from . import confine, preloaded
from .confine import Limits
from .judging import explain as explain_error
from .judging import guard, judge

HEAD = struct.Struct("!16sI")  # a number that the answer repeats, and the length of what follows
WIRE = 3  # the file descriptor of the wire, inside
CPU_SECONDS = 900.0  # of one process: a last resort


def start(wire: socket.socket, folder: Path, limits: Limits) -> NoReturn:
    """Between the fork server and the hand-in: the parent that adopts what it leaves behind, and ends it."""
    os.setsid()
    confine.adopt_orphans()
    untouched = preloaded.take()
    isolated = confine.isolate(folder, limits.disk)
    child = os.fork()
    if not child:
        try:
            _inside(wire, folder, limits, isolated, untouched)
        finally:
            os._exit(70)
    wire.close()
    status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    end_all(os.getpid())
    os._exit(status if status >= 0 else 128 - status)


def below(pid: int) -> list[psutil.Process]:
    """The living descendants of a process. Unlike `psutil.Process.children` it does not compare clocks, which may be set meanwhile."""
    children: dict[int, list[psutil.Process]] = {}
    for process in psutil.process_iter(["ppid", "status"]):
        if process.info["status"] != psutil.STATUS_ZOMBIE:
            children.setdefault(process.info["ppid"], []).append(process)
    found, waiting = [], [pid]
    while waiting:
        found += (more := children.pop(waiting.pop(), []))
        waiting += [process.pid for process in more]
    return found


def end_all(pid: int, seconds: float = 10.0) -> None:
    """Kill everything below a process: stopped first, so that nothing escapes by forking."""
    for _ in range(int(seconds / 0.05)):
        if not (processes := below(pid)):
            return
        for action in (psutil.Process.suspend, psutil.Process.kill):
            for process in processes:
                with suppress(psutil.Error):
                    action(process)
        psutil.wait_procs(processes, timeout=0.05)


def _inside(wire: socket.socket, folder: Path, limits: Limits, isolated: bool, untouched: preloaded.Untouched) -> None:
    confine.end_with_parent()
    os.setsid()  # no signal to its group reaches the parent
    null = os.open(os.devnull, os.O_RDWR)
    for standard in (0, 1, 2):
        os.dup2(null, standard)
    if wire.fileno() != WIRE:
        os.dup2(wire.fileno(), WIRE)
    os.closerange(WIRE + 1, min(os.sysconf("SC_OPEN_MAX"), 1 << 16))
    os.chdir(folder)
    kept = {key: os.environ[key] for key in ("PATH", "LANG", "LC_ALL") if key in os.environ}
    os.environ.clear()
    os.environ.update(kept | preloaded.ONE_THREAD, HOME=str(folder), TMPDIR=str(folder), MPLBACKEND="Agg", MPLCONFIGDIR=str(folder))
    for module in (os, sys.modules["posix"]):
        vars(module).pop("memfd_create", None)  # files in memory that no limit counts
    os.nice(2)  # the watch comes first
    confine.cap(limits, CPU_SECONDS)
    landlock = confine.lock_files(folder)
    confine.drop_privileges()
    _serve(confine.lacks(isolated, landlock), untouched, str(folder))


def _serve(hello: str, untouched: preloaded.Untouched, folder: str) -> NoReturn:
    """Obey the wire. Every name is local: a hand-in may assign to those of modules and to builtins."""
    from marshal import loads
    from os import _exit, fstat, getpid, read, waitpid, write

    fork, head, run, compiled, us, size, trouble = ctypes.PyDLL(None).fork, HEAD, exec, compile, getpid(), len, BaseException  # no at-fork hooks
    mask, setting, everything = signal.pthread_sigmask, signal.SIG_SETMASK, signal.valid_signals()
    timers = ((signal.ITIMER_REAL, signal.SIGALRM), (signal.ITIMER_VIRTUAL, signal.SIGVTALRM), (signal.ITIMER_PROF, signal.SIGPROF))
    stop, handle, ignore, tries = signal.setitimer, _signal.signal, _signal.SIG_IGN, [None] * 1000
    wire, space, originals, update = WIRE, vars(builtins), dict(vars(builtins)), dict.update
    judging, explain, texts, lines = judge, explain_error, str.encode, str.splitlines

    def same(number: int) -> tuple[int, int]:
        found = fstat(number)
        return found.st_dev, found.st_ino

    real = same(wire)

    def receive() -> tuple[bytes, Any]:
        number, length = head.unpack(exactly(head.size))
        return number, loads(exactly(length))

    def exactly(length: int) -> bytes:
        got = b""
        while size(got) < length:
            part = read(wire, length - size(got))
            if not part:
                _exit(0)
            got += part
        return got

    def send(number: bytes, text: str) -> None:
        content = texts(text, "utf-8", "replace")[:4000]
        content = head.pack(number, size(content)) + content
        if same(wire) != real or write(wire, content) != size(content):  # the hand-in may have put a pipe of its own there
            _exit(71)

    number, (given_cells, cells) = receive()
    given: dict[str, Any] = {"__name__": "__main__"}
    trace = ""
    for index, source in enumerate(given_cells):
        try:
            run(compiled(source, f"<given {index + 1}>", "exec", 0, True, 0), given)
        except Exception as error:
            trace = f"a given cell of the lab fails: {type(error).__name__}: {error}"
    untouched.add()
    restore, untouched_given, theirs = untouched.restorer(), dict(given), dict(given)
    theirs["display"] = lambda *values, **named: None
    for file, source in cells:
        linecache.cache[file] = (size(source), None, [line + "\n" for line in lines(source)], file)
    sys.addaudithook(guard(folder, {id(vars(m)) for m, _ in untouched.spaces.values()} | {id(given)}))
    send(number, trace or hello)
    while True:
        number, order = receive()
        if order:
            begun, problem = False, None
            for _ in tries:
                try:
                    if not begun:
                        begun = True
                        mask(setting, ())
                        run(compiled(order[1], order[0], "exec", 0, True, 0), theirs)
                    mask(setting, everything)  # handlers of the hand-in's may raise until now
                    for timer, alarm in timers:
                        stop(timer, 0)
                        handle(alarm, ignore)
                    break
                except trouble as error:
                    problem = error if problem is None else problem
            update(space, originals)  # of the libraries only in the child that checks: the hand-in's code may count on what it did
            text = explain(problem) if problem is not None else ""
            if getpid() != us:  # the cell forked, and this is its child
                _exit(0)
            send(number, text)
        elif child := fork():
            waitpid(child, 0)
        else:
            send(number, "")
            number, order = receive()
            restore()
            given.clear()
            given.update(untouched_given)
            send(number, judging(order, given, theirs, untouched))
            _exit(0)
