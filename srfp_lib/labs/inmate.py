"""The process in which a hand-in's code runs, seen from inside: it executes cells on command, and forks a child for each check.

A check runs in the memory that the hand-in's code has had for itself, and no Python code can be safe there from other Python code. These
make it dear to cheat: the check arrives only after the fork, when everything else of the hand-in is stopped; libraries, builtins and given
helpers are put back as they were; what an answer returns must be of a class that libraries define; an audit hook refuses the ways to frames,
to the collector's lists and to the code of library functions; the verdict bears a number made after the hand-in's code ran.
What remains: ctypes and compiled code read and write everything. `grading` names hand-ins that use such modules.
"""

from __future__ import annotations

import _signal  # pyrefly: ignore[missing-import] - the functions of signal without their wrappers in Python
import builtins
import ctypes
import functools
import inspect
import linecache
import os
import signal
import socket
import struct
import sys
import traceback
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from types import FunctionType
from typing import Any, NoReturn

import psutil

from . import confine, preloaded
from .confine import Limits

HEAD = struct.Struct("!16sI")  # a number that the answer repeats, and the length of what follows
WIRE = 3  # the file descriptor of the wire, inside
CELL = "<cell "  # how the file names of a hand-in's code begin
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
    found, todo = [], [pid]
    while todo:
        found += (more := children.pop(todo.pop(), []))
        todo += [process.pid for process in more]
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
    from os import _exit, getpid, read, waitpid, write

    fork, head, run, compiled, us, size, trouble = ctypes.PyDLL(None).fork, HEAD, exec, compile, getpid(), len, BaseException  # no at-fork hooks
    mask, setting, everything = signal.pthread_sigmask, signal.SIG_SETMASK, signal.valid_signals()
    timers = ((signal.ITIMER_REAL, signal.SIGALRM), (signal.ITIMER_VIRTUAL, signal.SIGVTALRM), (signal.ITIMER_PROF, signal.SIGPROF))
    stop, handle, ignore, tries = signal.setitimer, _signal.signal, _signal.SIG_IGN, [None] * 1000
    wire, space, originals, update = WIRE, vars(builtins), dict(vars(builtins)), dict.update
    judging, explain, texts, lines = _judge, _explain, str.encode, str.splitlines

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
        if write(wire, content) != size(content):
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
    sys.addaudithook(_guard(folder, {id(vars(m)) for m, _ in untouched.spaces.values()} | {id(given)}))
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


def _explain(error: BaseException) -> str:
    try:
        step, line = error.__traceback__, 0
        while step:
            line = step.tb_lineno if step.tb_frame.f_code.co_filename.startswith(CELL) else line
            step = step.tb_next
        return f"{type(error).__name__}: {str(error)[:300]}" + (f" (line {line})" if line else "")
    except BaseException:
        return "an error that cannot be printed"


def _judge(order: tuple[str, list[str]], given: dict[str, Any], theirs: dict[str, Any], untouched: preloaded.Untouched) -> str:
    """In the child: execute code on the names of the hand-in in ``answers``; what it leaves in ``result``."""
    code, takes = order
    signal.pthread_sigmask(signal.SIG_SETMASK, ())
    known, refresh, space = {id(kind) for kind in untouched.known}, untouched.refresher(), dict(given)

    def after() -> None:
        """Undo what an answer did to libraries and to the names of the check; a function that the check gives away leads to these."""
        refresh()
        space.update(names)
        _leave_modes()

    answers = {name: _plain(theirs[name], known, after) for name in takes if name in theirs}
    names = {**given, "answers": answers}
    after()
    try:
        exec(compile(code, "<check>", "exec", dont_inherit=True, optimize=0), space)  # assertions count under python -O, too
        return str(space["result"])
    except BaseException as error:
        return _explain(error)


def _plain(value: Any, known: set[int], after: Callable[[], None]) -> Any:
    """The value, if no part of it is of a class of the hand-in's that may claim to equal anything. Functions return plain values, too."""
    kind = type(value)
    if id(kind) not in known and _disguised(kind, known):
        raise TypeError(f"your answer returns an object of a class of its own, '{kind.__name__}': return arrays, numbers, lists or dictionaries")
    if kind is FunctionType:
        return _guarded(value, known, after)
    if kind in (list, tuple, set, frozenset, dict):
        parts = [_plain(part, known, after) for part in ([*value, *value.values()] if kind is dict else value)]
        if any(type(part) is FunctionType for part in parts):
            return dict(zip(value, parts[len(value) :], strict=True)) if kind is dict else kind(parts)
    if getattr(getattr(value, "dtype", None), "hasobject", False) is True and hasattr(value, "flat"):
        _plain(list(value.flat), known, after)
    if kind.__name__ in ("Tensor", "Parameter") and any(callable(own) for own in vars(value).values()):
        raise TypeError("your answer returns a tensor with methods of its own")
    return value


def _guarded(function: FunctionType, known: set[int], after: Callable[[], None]) -> Callable[..., Any]:
    @functools.wraps(function)
    def call(*values: Any, **named: Any) -> Any:
        try:
            return _plain(function(*values, **named), known, after)
        finally:
            after()

    return call


def _leave_modes() -> None:
    """torch lets a mode answer for every function, until it is left."""
    if torch := sys.modules.get("torch"):
        for length, leave in (("_len_torch_function_stack", "_pop_torch_function_stack"), ("_len_torch_dispatch_stack", "_pop_torch_dispatch_stack")):
            while getattr(torch._C, length, int)():
                getattr(torch._C, leave)()


ODD = {name for name in dir(int) if name.startswith("__")} - set(dir(object)) | {
    *("__eq__", "__ne__", "__lt__", "__le__", "__gt__", "__ge__", "__class__", "__getattr__", "__getattribute__", "__complex__"),
    *("__len__", "__iter__", "__getitem__", "__contains__", "__matmul__", "__rmatmul__"),
}


def _disguised(kind: type, known: set[int]) -> bool:
    """Whether a class that no library defines changes how its objects compare, count or convert."""
    if id(type(kind)) not in known:
        return True
    own = set[str]().union(*(vars(c) for c in kind.__mro__ if id(c) not in known))
    return any(name in ODD or name.startswith(("__array", "__torch")) for name in own)


NEVER = {
    *("sys.addaudithook", "sys.settrace", "sys.setprofile", "sys._current_frames", "sys._current_exceptions"),
    *("gc.get_objects", "gc.get_referrers", "gc.get_referents", "code.__new__"),
    *("os.fork", "os.forkpty", "os.kill", "os.killpg", "os.system", "os.exec", "os.posix_spawn", "subprocess.Popen", "pty.spawn"),
    *("ctypes.cdata", "ctypes.string_at", "ctypes.wstring_at", "ctypes.PyObj_FromPtr", "ctypes.addressof"),
    *("socket.connect", "socket.bind", "socket.sendto", "socket.sendmsg", "socket.getaddrinfo", "socket.gethostbyname"),
}
WRITES = {"os.remove", "os.rmdir", "os.rename", "os.mkdir", "os.link", "os.symlink", "os.truncate", "os.chmod", "os.chown", "shutil.rmtree"}
RELAYS = frozenset({"currentframe", "stack", "getouterframes", "walk_stack", "extract_stack", "format_stack", "print_stack"})
FRAMES = ("tb_frame", "gi_frame", "cr_frame", "ag_frame")
BODIES = ("__code__", "__defaults__", "__kwdefaults__")


def _guard(folder: str, libraries: set[int]) -> Callable[[str, tuple], None]:
    """The audit hook: a second line where the kernel guards files and processes, the first one to frames and to the code of libraries."""
    never, writes, frames, bodies, cell = NEVER, WRITES, FRAMES, BODIES, CELL  # and builtins: what a hand-in assigns to them counts not
    own_id, is_a, begins, decode, real, getframe, number, text = (
        id,
        isinstance,
        str.startswith,
        os.fsdecode,
        os.path.realpath,
        sys._getframe,
        int,
        (str, bytes),
    )
    refuse, too_deep, forbidden = RuntimeError, ValueError, PermissionError
    protected = {__file__, "<check>", str(Path(__file__).with_name("__init__.py"))}
    inside, writing, devnull = os.path.realpath(folder) + os.sep, os.O_WRONLY | os.O_RDWR, os.devnull
    relays = {inspect.getfile(inspect): RELAYS, inspect.getfile(traceback): RELAYS}
    busy: list[int] = []

    def within(path: Any) -> bool:
        return not is_a(path, text) or decode(path) == devnull or begins(real(decode(path)) + "/", inside)

    def stack() -> Any:
        busy.append(1)
        try:
            return getframe(3)
        finally:
            busy.clear()

    def theirs_on_the_stack() -> bool:
        frame = stack()
        while frame:
            if begins(frame.f_code.co_filename, cell):
                return True
            frame = frame.f_back
        return False

    def may_see(wanted: Any) -> bool:
        """Whether a frame is asked for by a library whose code names that function; its functions that hand frames on are not its own users."""
        asking, names = stack(), {"_getframe"}
        while asking and asking.f_code.co_filename in relays:
            names, asking = relays[asking.f_code.co_filename], asking.f_back
        code = asking and asking.f_code
        return code and not begins(code.co_filename, cell) and not names.isdisjoint(code.co_names) and wanted.f_code.co_filename not in protected

    def hook(event: str, arguments: tuple) -> None:
        if busy:
            return
        if event in never:
            raise refuse(f"{event} is not allowed while grading")
        if event == "sys._getframe":
            if not may_see(arguments[0]):
                raise too_deep("call stack is not deep enough")
        elif event == "ctypes.dlsym" and is_a(arguments[1], text) and begins(decode(arguments[1]).lstrip("_"), "Py"):
            raise refuse("Python's own functions are not called through ctypes while grading")
        elif event == "object.__getattr__" and arguments[1] in frames and theirs_on_the_stack():
            raise refuse("frames are not shown while grading")
        elif event == "object.__setattr__" and arguments[1] in bodies and own_id(arguments[0].__globals__) in libraries:
            raise refuse("functions of libraries keep their code while grading")
        elif event in writes or (event == "open" and is_a(arguments[2], number) and arguments[2] & writing):
            if not within(arguments[0]) or (event == "os.rename" and not within(arguments[1])):
                raise forbidden("files outside the hand-in's folder keep as they are")

    return hook
