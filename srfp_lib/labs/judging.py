"""In the process of a hand-in: the check in the forked child, and what is refused to the hand-in so that it cannot pass without an answer."""

from __future__ import annotations

import functools
import inspect
import os
import signal
import sys
import traceback
from collections.abc import Callable
from pathlib import Path
from types import FunctionType, MethodType
from typing import Any

from . import preloaded

CELL = "<cell "  # how the file names of a hand-in's code begin


def explain(error: BaseException) -> str:
    try:
        step, line = error.__traceback__, 0
        while step:
            line = step.tb_lineno if step.tb_frame.f_code.co_filename.startswith(CELL) else line
            step = step.tb_next
        return f"{type(error).__name__}: {str(error)[:300]}" + (f" (line {line})" if line else "")
    except BaseException:
        return "an error that cannot be printed"


def judge(order: tuple[str, list[str]], given: dict[str, Any], theirs: dict[str, Any], untouched: preloaded.Untouched) -> str:
    """In the child: execute code on the names of the hand-in in ``answers``; what it leaves in ``result``."""
    signal.pthread_sigmask(signal.SIG_SETMASK, ())
    sys.setrecursionlimit(1000)
    try:
        return _checked(order, given, theirs, untouched)
    except BaseException as error:
        return explain(error)


def _checked(order: tuple[str, list[str]], given: dict[str, Any], theirs: dict[str, Any], untouched: preloaded.Untouched) -> str:
    code, takes = order
    known, refresh, space = {id(kind) for kind in untouched.known}, untouched.refresher(), dict(given)
    names = given

    def after() -> None:
        """Undo what an answer did to libraries and to the names of the check; a function that the check gives away leads to these."""
        refresh()
        space.update(names)
        _leave_modes()

    answers = {name: _plain(theirs[name], known, after) for name in takes if name in theirs}
    names = {**given, "answers": answers}
    after()
    exec(compile(code, "<check>", "exec", dont_inherit=True, optimize=0), space)  # assertions count under python -O, too
    return str(space["result"])


def _plain(value: Any, known: set[int], after: Callable[[], None]) -> Any:
    """The value, if no part of it is of a class of the hand-in's that may claim to equal anything. Functions return plain values, too."""
    kind = type(value)
    if id(kind) not in known and _disguised(kind, known):
        raise TypeError(f"your answer returns an object of a class of its own, '{kind.__name__}': return arrays, numbers, lists or dictionaries")
    if kind in (FunctionType, MethodType, functools.partial) or (id(kind) not in known and callable(value) and not _is_module(kind)):
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


def _guarded(function: Callable[..., Any], known: set[int], after: Callable[[], None]) -> Callable[..., Any]:
    @functools.wraps(function)
    def call(*values: Any, **named: Any) -> Any:
        try:
            return _plain(function(*values, **named), known, after)
        finally:
            after()

    return call


def _is_module(kind: type) -> bool:
    """Whether a class is one of torch's networks, which must stay what they are."""
    return any(base.__module__ == "torch.nn.modules.module" for base in kind.__mro__)


def _leave_modes() -> None:
    """torch lets a mode answer for every function, until it is left."""
    if torch := sys.modules.get("torch"):
        for length, leave in (("_len_torch_function_stack", "_pop_torch_function_stack"), ("_len_torch_dispatch_stack", "_pop_torch_dispatch_stack")):
            while getattr(torch._C, length, int)():
                getattr(torch._C, leave)()


ODD = {name for name in dir(int) if name.startswith("__")} - {*dir(object), "__getnewargs__"} | {
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


def guard(folder: str, libraries: set[int]) -> Callable[[str, tuple], None]:
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
    process, us, places = os.getpid, os.getpid(), (str, bytes, os.PathLike)
    refuse, too_deep, forbidden = RuntimeError, ValueError, PermissionError
    protected = {__file__, str(Path(__file__).with_name("inmate.py")), "<check>", str(Path(__file__).with_name("__init__.py"))}
    inside, writing, devnull = os.path.realpath(folder) + os.sep, os.O_WRONLY | os.O_RDWR, os.devnull
    tracing = inspect.getfile(traceback)
    relays = {inspect.getfile(inspect): RELAYS, tracing: RELAYS}
    busy: list[int] = []

    def within(path: Any) -> bool:
        return not is_a(path, places) or decode(path) == devnull or begins(real(decode(path)) + "/", inside)  # else a file descriptor

    def stack() -> Any:
        busy.append(1)
        try:
            return getframe(3)
        finally:
            busy.clear()

    def theirs_on_the_stack() -> bool:
        frame = stack()
        if frame.f_back and frame.f_code.co_filename == frame.f_back.f_code.co_filename == tracing:  # it prints, and hands on no frame
            return False
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
        elif event == "_thread.start_new_thread" and process() != us:
            raise refuse("an answer starts no threads while it is checked")  # one could wait for the verdict and write another
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
