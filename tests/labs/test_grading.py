"""The grader and its sandbox: whatever a hand-in does, each of its exercises gets the points it deserves, and those of others do, too."""

from __future__ import annotations

import csv
import json
import os
from pathlib import Path

import psutil
import pytest

from srfp_lib.common.errors import UserError
from srfp_lib.labs import grading, sandbox
from srfp_lib.labs.authored import Lab
from srfp_lib.labs.confine import Limits

from . import tiny
from .tiny import hand_in, solved, write

pytestmark = pytest.mark.slow
QUICK = Limits(memory=300 << 20, disk=16 << 20, cell=3)
FORKED = "import ctypes\nfork = ctypes.CDLL(None).fork\n"  # the hook refuses os.fork


@pytest.fixture(scope="module")
def lab(tmp_path_factory) -> Lab:
    return tiny.lab(tmp_path_factory.mktemp("lab"))


def points(lab: Lab, notebook: object, folder: Path, limits: Limits = QUICK) -> dict[str, tuple[int, str]]:
    """Points and words of each exercise of one hand-in."""
    write(notebook, folder / "handin.ipynb")
    scores = grading.grade(folder, folder / "scores.csv", {lab.id: lab}, workers=1, limits=limits, say=lambda text: None)
    return {score.exercise: (score.points, score.what) for score in scores}


HOSTILE = {
    "hangs": ("while True: pass", "more than 3 seconds"),
    "hangs and catches all": ("while True:\n    try:\n        while True: pass\n    except BaseException: pass", "more than 3 seconds"),
    "ignores signals": ("import signal\nfor s in (2, 14, 15): signal.signal(s, signal.SIG_IGN)\nsignal.pause()", "more than 3 seconds"),
    "prints without end": ("while True: print('x' * 10000)", "more than 3 seconds"),
    "os._exit": ("import os\nos._exit(0)", "ends its process (exit code 0)"),
    "crashes": ("import ctypes\nctypes.string_at(0)", "SIGSEGV"),
    "closes all files": ("import os\nos.closerange(0, 500)", "ends its process"),
    "eats memory": ("import ctypes\nkept = []\nwhile True:\n    try: kept.append(bytearray(1 << 24))\n    except MemoryError: pass", "more than"),
    "bomb": (FORKED + "while True: fork()", "more than 16 processes"),
    "speaks for the grader": ("import os\nos.write(3, b'x' * 100)", "belongs to the grader"),
}


@pytest.mark.parametrize("kind", HOSTILE)
def test_a_cell_that_ends_or_hangs_its_process_costs_its_own_points_alone(kind, lab, tmp_path):
    code, words = HOSTILE[kind]
    before = {p.pid for p in psutil.process_iter()}
    answers = {name: solved(name) for name in tiny.SOLUTIONS} | {"cube": solved("cube") + code}
    found = points(lab, hand_in(lab, answers), tmp_path)
    assert {name: p for name, (p, _) in found.items()} == tiny.POINTS | {"9.2": 0}
    assert words in found["9.2"][1], found
    handins = [p for p in psutil.process_iter(["cmdline"]) if p.pid not in before and "handin-" in " ".join(p.info["cmdline"] or [])]
    assert not handins


HARMLESS = {
    "sys.exit": "import sys\nsys.exit(3)",
    "SystemExit": "raise SystemExit",
    "an interruption": "raise KeyboardInterrupt",
    "os.fork is refused": "import os\nos.fork()",
    "kills its parent": "import ctypes, os\nctypes.CDLL(None).kill(os.getppid(), 9)\nctypes.CDLL(None).kill(-1, 9)",
    "a thread that stays": "import threading, time\nthreading.Thread(target=time.sleep, args=(60,)).start()",
    "a child that stays": FORKED + "if not fork():\n    import time\n    time.sleep(60)",
    "a child that goes on": FORKED + "fork()",
    "fills the disk": "with open('x', 'wb') as f:\n    while True: f.write(bytes(1 << 20))",
    "signals in time": "import signal\nsignal.signal(14, lambda *a: 1 / 0)\nsignal.setitimer(signal.ITIMER_REAL, 0.01, 0.01)",
    "an error that cannot be printed": "class E(Exception):\n    def __str__(self): raise E\nraise E",
    "recursion": "def f(): f()\nf()",
    "all builtins": "import builtins\nfor n in dir(builtins):\n    if n[0] != '_': setattr(builtins, n, None)",
    "a surrogate": "raise ValueError('\\ud800')",
    "syntax": "def (",
    "a magic": "%matplotlib inline\n!rm -rf /\nx = 1",
}


@pytest.mark.parametrize("kind", HARMLESS)
def test_a_cell_of_ones_own_that_misbehaves_costs_nothing(kind, lab, tmp_path):
    answers = {name: solved(name) for name in tiny.SOLUTIONS}
    found = points(lab, hand_in(lab, answers, extra={0: HARMLESS[kind]}), tmp_path)
    assert {name: p for name, (p, _) in found.items()} == tiny.POINTS, found


FORGED = {
    "numpy": "np.allclose = lambda *a, **k: True",
    "numpy's defaults": "np.allclose.__wrapped__.__defaults__ = (1e9, 1e9, False)",
    "numpy's code": "np.allclose.__code__ = (lambda *a, **k: True).__code__",
    "numpy in sys.modules": "import sys, types\nfake = types.ModuleType('numpy')\nfake.__getattr__ = lambda n: lambda *a, **k: True\nsys.modules['numpy'] = fake",
    "check and report": "import srfp_lib.labs as l\nl.check = check = lambda **k: lambda f: (lambda *a: None)\nl.attempt = lambda *a: l.Outcome('passed', 4, '')",
    "a given helper": "def double(x): return x\nSTEP = 0\nnp = None",
    "builtins": "import builtins\nbuiltins.isinstance = lambda *a: True\nbuiltins.all = lambda *a: True",
    "the sandbox": "import srfp_lib.labs.inmate as i\ni._judge = lambda *a: 'passed\\n'\ni._plain = lambda v, k: v",
}


@pytest.mark.parametrize("kind", FORGED)
def test_what_a_hand_in_does_to_libraries_and_helpers_forges_no_points(kind, lab, tmp_path):
    wrong = {name: f"def {name}(x):\n    return x + 1" for name in tiny.SOLUTIONS}
    found = points(lab, hand_in(lab, wrong, extra={2: FORGED[kind]}), tmp_path)
    assert all(p == 0 for p, _ in found.values()), found
    found = points(lab, hand_in(lab, wrong | {"half": solved("half")}, extra={2: FORGED[kind]}), tmp_path)
    assert found["9.4"][0] == 4 and sum(p for p, _ in found.values()) == 4, found


LIARS = {
    "a class that equals all": "class Yes:\n    __eq__ = __lt__ = lambda s, o: True\n    shape = (3,)\n    def __array__(self, *a, **k): raise TypeError\n"
    "def half(x): return Yes()",
    "an array that decides": "class Yes(np.ndarray):\n    def __array_function__(self, *a): return True\ndef half(x): return x.view(Yes)",
    "a metaclass": "class M(type):\n    __hash__ = lambda c: hash(np.ndarray)\n    __eq__ = lambda c, o: True\n"
    "class Yes(np.ndarray, metaclass=M):\n    def __array_function__(self, *a): return True\ndef half(x): return x.view(Yes)",
    "frames": "import sys\ndef half(x): return sys._getframe(2).f_locals['expected']",
    "a traceback": "def half(x):\n    try: 1 / 0\n    except Exception as e: return e.__traceback__.tb_frame.f_back.f_back.f_locals['expected']",
    "a generator": "def half(x):\n    def g():\n        yield made.gi_frame.f_back.f_back.f_back.f_locals['expected']\n    made = g()\n    return next(made)",
    "walk_stack": "import traceback\ndef half(x):\n    for f, _ in traceback.walk_stack(None):\n        if 'expected' in f.f_locals: return f.f_locals['expected']",
    "inspect": "import inspect\ndef half(x):\n    for f in inspect.stack():\n        if 'expected' in f.frame.f_locals: return f.frame.f_locals['expected']",
    "the collector": "import gc\ndef half(x):\n    return next(o['expected'] for o in gc.get_objects() if type(o) is dict and 'expected' in o)",
    "a word on the wire": "import os\ndef half(x):\n    os.write(3, bytes(16) + b'\\0\\0\\0\\7passed\\n')\n    return x",
    "the solution's file": f"def half(x): return x / 2 if 'x / 2' in open({str(Path(sandbox.__file__).parents[2] / 'pyproject.toml')!r}).read() else x",
}


@pytest.mark.parametrize("kind", LIARS)
def test_an_answer_cannot_fetch_or_fake_what_is_expected(kind, lab, tmp_path):
    answers = {name: solved(name) for name in tiny.SOLUTIONS} | {"half": LIARS[kind]}
    found = points(lab, hand_in(lab, answers), tmp_path)
    assert {name: p for name, (p, _) in found.items()} == tiny.POINTS | {"9.4": 0}, found
