"""A confined process of a hand-in, seen from outside: orders go to it over a socket, and its descendants are watched meanwhile."""

from __future__ import annotations

import marshal
import multiprocessing
import os
import secrets
import shutil
import signal
import socket
import tempfile
import threading
import time
from collections.abc import Generator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psutil

from ..common.checkout import HOME
from . import inmate, preloaded
from .confine import Limits

if TYPE_CHECKING:
    from multiprocessing.context import ForkServerContext

TICK = 0.1  # seconds between two looks at the processes
LONGEST = 4096  # bytes of an answer
BEGINNING, FORKING, LAST_WORDS = 120.0, 30.0, 10.0  # seconds in which a process must have started, forked, and ended
STARTING = threading.Lock()


class Gone(Exception):
    """The process had to be ended, or ended itself; why, in words."""


class Stuck(Exception):
    """No process could be had."""


@contextmanager
def process(given: Sequence[str], cells: Sequence[tuple[str, str]], limits: Limits) -> Generator[Process]:
    """A process that has executed ``given`` and will be ended after the block; ``cells`` are file names and sources. Raises Stuck."""
    folder = Path(tempfile.mkdtemp(prefix="handin-"))
    try:
        started = Process(given, cells, limits, folder)
        try:
            started.greet()
            yield started
        finally:
            started.end()
    finally:
        with suppress(RecursionError):
            shutil.rmtree(folder, ignore_errors=True)


def _fork_server() -> ForkServerContext:
    """Its process, which has the libraries loaded, starts at the first call."""
    from multiprocessing import forkserver

    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload([preloaded.__name__])
    wanted = {
        preloaded.ASKED: "1",
        "PYTHONPATH": os.pathsep.join([str(HOME), os.environ.get("PYTHONPATH", "")]).strip(os.pathsep),
        "MPLBACKEND": "Agg",
    }
    wanted |= preloaded.ONE_THREAD
    before = {key: os.environ.get(key) for key in wanted}
    os.environ.update(wanted)
    try:
        forkserver.ensure_running()
    finally:
        for key, value in before.items():
            os.environ.pop(key) if value is None else os.environ.update({key: value})
    return context


class Process:
    """A process of the hand-in's, its parent, which adopts orphans, and the wire to it."""

    def __init__(self, given: Sequence[str], cells: Sequence[tuple[str, str]], limits: Limits, folder: Path) -> None:
        self.limits, self.folder, self.base, self.looked = limits, folder, 0, 0.0
        self.wire, theirs = socket.socketpair()
        self.code = (list(given), [tuple(cell) for cell in cells])
        with STARTING, theirs:
            self.started = _fork_server().Process(target=inmate.start, args=(theirs, folder, limits), daemon=True)
            self.started.start()
        self.pid = self.started.pid or 0
        self.main: psutil.Process | None = None
        self.child: psutil.Process | None = None  # that checks

    def greet(self) -> None:
        """Wait until the given cells are done. Raises Stuck."""
        try:
            self.hello = self.ask(self.code, BEGINNING, "the beginning")
            if self.hello.startswith("a given cell"):
                raise Stuck(self.hello)
            (self.main,) = inmate.below(self.pid)
            self.base = self.main.memory_info().rss
        except (Gone, psutil.Error, ValueError) as error:
            raise Stuck(f"the sandbox cannot start: {error}") from None

    def ask(self, order: Any, seconds: float, what: str) -> str:
        """Send an order; the text of its answer. Raises Gone."""
        number = secrets.token_bytes(16)
        content = marshal.dumps(order)
        deadline = time.monotonic() + seconds
        self.wire.settimeout(seconds)
        try:
            self.wire.sendall(inmate.HEAD.pack(number, len(content)) + content)
            answered, length = inmate.HEAD.unpack(self._receive(inmate.HEAD.size, deadline))
            if answered != number or length > LONGEST:
                raise Gone(f"{what} writes into what belongs to the grader")
            return self._receive(length, deadline).decode(errors="replace")
        except TimeoutError:
            raise Gone(f"{what} takes more than {seconds:g} seconds") from None
        except OSError:
            raise Gone(f"{what} {self._last_words()}") from None

    def _receive(self, length: int, deadline: float) -> bytes:
        got = b""
        while len(got) < length:
            self.wire.settimeout(TICK)
            try:
                part = self.wire.recv(length - len(got))
            except TimeoutError:
                if time.monotonic() > deadline:
                    raise
                self._look()
                continue
            if not part:
                raise BrokenPipeError
            got += part
        return got

    def _look(self) -> None:
        """Raise Gone if the process has ended, or its descendants use more than they may."""
        if not self.started.is_alive():
            raise BrokenPipeError
        if self.main is None:
            return
        if self.child and (not self.child.is_running() or self.child.status() == psutil.STATUS_ZOMBIE):
            raise Gone("it ends its process")
        used = [(memory, threads) for _, memory, threads in self._below()]
        if len(used) > self.limits.processes:
            raise Gone(f"it starts more than {self.limits.processes} processes")
        if sum(threads for _, threads in used) > self.limits.threads + len(used):
            raise Gone(f"it starts more than {self.limits.threads} threads")
        if sum(max(0, memory - self.base) for memory, _ in used) > self.limits.memory:
            raise Gone(f"it needs more than {self.limits.memory >> 20} MB of memory")
        if _size(self.folder, self.limits.disk) > self.limits.disk:
            raise Gone(f"it writes more than {self.limits.disk >> 20} MB of files")

    def judge(self, code: str, takes: Sequence[str], seconds: float) -> str:
        """The verdict of a forked child that is alone while it checks: all else of the hand-in is stopped or ended. Raises Gone."""
        assert self.main is not None
        try:
            self._end_others()
            self.ask(None, FORKING, "what it left running")
            self.main.suspend()
            others = [process for process, *_ in self._below() if process != self.main]
            if len(others) != 1 or others[0].num_threads() != 1 or not _stopped(self.main):
                raise Gone("it leaves processes running that start others")
            self.child = others[0]
            return self.ask((code, list(takes)), seconds, "it")
        except psutil.Error:
            raise Gone(f"it {self._last_words()}") from None
        finally:
            self.child = None
            self._end_others()
            self._drain()
            with suppress(psutil.Error):
                self.main.resume()

    def alive(self) -> bool:
        """Whether the process can go on."""
        with suppress(psutil.Error):
            return self.main is not None and self.started.is_alive() and self.main.status() != psutil.STATUS_ZOMBIE
        return False

    def end(self) -> None:
        """End everything of the hand-in's."""
        self.wire.close()
        with suppress(psutil.Error):
            if self.main:
                self.main.kill()
                self.started.join(LAST_WORDS)
            inmate.end_all(self.pid)
        self.started.kill()
        self.started.join(LAST_WORDS)

    def _end_others(self) -> None:
        for _ in range(50):
            others = [process for process, *_ in self._below() if process != self.main]
            if not others:
                return
            for process in others:
                with suppress(psutil.Error):
                    process.kill()
            psutil.wait_procs(others, timeout=0.02)

    def _drain(self) -> None:
        """Forget what was sent and not asked for: the next answer is another's."""
        self.wire.settimeout(0)
        with suppress(OSError):
            while self.wire.recv(1 << 16):
                pass

    def _below(self) -> list[tuple[psutil.Process, int, int]]:
        """Processes of the hand-in, with their memory in bytes and their threads."""
        found = []
        for process in inmate.below(self.pid):
            with suppress(psutil.Error), process.oneshot():
                found.append((process, process.memory_info().rss, process.num_threads()))
        return found

    def _last_words(self) -> str:
        self.started.join(LAST_WORDS)
        code = self.started.exitcode
        if code is None or code == 255:
            return "interrupts the grader"
        return (
            f"is ended by {signal.Signals(code - 128).name}"
            if code > 128 and code - 128 in set(signal.Signals)
            else f"ends its process (exit code {code})"
        )


def _stopped(process: psutil.Process) -> bool:
    deadline = time.monotonic() + LAST_WORDS
    while process.status() != psutil.STATUS_STOPPED:
        if time.monotonic() > deadline:
            return False
        time.sleep(0.002)
    return True


def _size(folder: Path, enough: int) -> int:
    """Bytes of the files in a folder, counted until there are more than enough."""
    size = 0
    for root, _, files in os.walk(folder):
        for name in files:
            with suppress(OSError):
                size += os.lstat(os.path.join(root, name)).st_blocks * 512
        if size > enough:
            break
    return size
