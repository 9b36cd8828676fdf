"""What hostile and clumsy hand-ins do, for the tests of the grader. One piece of code under each comment."""

from __future__ import annotations


def pieces(text: str) -> dict[str, str]:
    """Code by the comment above it."""
    parts = (part.partition("\n") for part in text.split("\n# ")[1:])
    return {name: code for name, _, code in parts}


HOSTILE = pieces(r"""
# hangs: more than 3 seconds
while True: pass
# hangs and catches all: more than 3 seconds
while True:
    try:
        while True: pass
    except BaseException: pass
# ignores signals: more than 3 seconds
import signal
for s in (2, 14, 15): signal.signal(s, signal.SIG_IGN)
signal.pause()
# prints without end: more than 3 seconds
while True: print('x' * 10000)
# os._exit: ends its process (exit code 0)
import os
os._exit(0)
# crashes: SIGSEGV
import ctypes
ctypes.cast(8, ctypes.POINTER(ctypes.c_int))[0]
# closes all files: ends its process
import os
os.closerange(0, 500)
# eats memory: more than
import ctypes
kept = []
while True:
    try: kept.append(bytearray(1 << 24))
    except MemoryError: pass
# bomb: more than 16 processes
import ctypes
fork = ctypes.CDLL(None).fork
while True: fork()
# opens files until there is no room: more than
def fill():
    number = 0
    while True:
        try:
            number += 1
            with open(f"{number}.bin", "wb") as f: f.write(bytes(1 << 20))
        except OSError: pass
fill()
# speaks for the grader: belongs to the grader
import os
os.write(3, b'x' * 100)
""")

HARMLESS = pieces(r"""
# sys.exit
import sys
sys.exit(3)
# SystemExit
raise SystemExit
# an interruption
raise KeyboardInterrupt
# os.fork is refused
import os
os.fork()
# kills its parent
import ctypes, os
ctypes.CDLL(None).kill(os.getppid(), 9)
# a thread that stays
import threading, time
threading.Thread(target=time.sleep, args=(60,)).start()
# a child that stays
import ctypes
fork = ctypes.CDLL(None).fork
if not fork():
    import time
    time.sleep(60)
# a child that goes on
import ctypes
fork = ctypes.CDLL(None).fork
fork()
# fills the disk
with open('x', 'wb') as f:
    while True: f.write(bytes(1 << 20))
# signals in time
import signal
signal.signal(14, lambda *a: 1 / 0)
signal.setitimer(signal.ITIMER_REAL, 0.01, 0.01)
# an error that cannot be printed
class E(Exception):
    def __str__(self): raise E
raise E
# recursion
def f(): f()
f()
# all builtins
import builtins
for n in dir(builtins):
    if n[0] != '_': setattr(builtins, n, None)
# a surrogate
raise ValueError('\ud800')
# syntax
def (
# a magic
%matplotlib inline
!echo
x = 1
""")

FORGED = pieces(r"""
# numpy
np.allclose = lambda *a, **k: True
# numpy's defaults
np.allclose.__wrapped__.__defaults__ = (1e9, 1e9, False)
# numpy's code
np.allclose.__code__ = (lambda *a, **k: True).__code__
# numpy in sys.modules
import sys, types
fake = types.ModuleType('numpy')
fake.__getattr__ = lambda n: lambda *a, **k: True
sys.modules['numpy'] = fake
# check and report
import srfp_lib.labs as l
l.check = check = lambda **k: lambda f: (lambda *a: None)
l.attempt = lambda *a: l.Outcome('passed', 4, '')
# a given helper
def double(x): return x
STEP = 0
np = None
# builtins
import builtins
builtins.isinstance = lambda *a: True
builtins.all = lambda *a: True
# the sandbox
import srfp_lib.labs.judging as j
j.judge = lambda *a: 'passed\n'
j._plain = lambda *a: a[0]
""")

LIARS = pieces(r"""
# a class that equals all
class Yes:
    __eq__ = __lt__ = lambda s, o: True
    shape = (3,)
    def __array__(self, *a, **k): raise TypeError
def NAME(x): return Yes()
# an array that decides
class Yes(np.ndarray):
    def __array_function__(self, *a): return True
def NAME(x): return x.view(Yes)
# a metaclass
class M(type):
    __hash__ = lambda c: hash(np.ndarray)
    __eq__ = lambda c, o: True
class Yes(np.ndarray, metaclass=M):
    def __array_function__(self, *a): return True
def NAME(x): return x.view(Yes)
# frames
import sys
def NAME(x): return sys._getframe(2).f_locals['expected']
# a traceback
def NAME(x):
    try: 1 / 0
    except Exception as e: return e.__traceback__.tb_frame.f_back.f_back.f_locals['expected']
# a generator
def NAME(x):
    def g():
        yield made.gi_frame.f_back.f_back.f_back.f_locals['expected']
    made = g()
    return next(made)
# walk_stack
import traceback
def NAME(x):
    for f, _ in traceback.walk_stack(None):
        if 'expected' in f.f_locals: return f.f_locals['expected']
# inspect
import inspect
def NAME(x):
    for f in inspect.stack():
        if 'expected' in f.frame.f_locals: return f.frame.f_locals['expected']
# the collector
import gc
def NAME(x):
    return next(o['expected'] for o in gc.get_objects() if type(o) is dict and 'expected' in o)
# a word on the wire
import os
def NAME(x):
    os.write(3, bytes(16) + b'\0\0\0\7passed\n')
    return x
# a frame through a library
import sys
def NAME(x):
    held = []
    np.vectorize(lambda v: held.append(sys._getframe(2)) or v)(x)
    for frame in held:
        while frame:
            if "expected" in frame.f_locals: return frame.f_locals["expected"]
            frame = frame.f_back
    return x
# a frame that a library asks for
import functools, sys
def NAME(x):
    frame = np.vectorize(functools.partial(lambda f, v: f(0), sys._getframe), otypes=[object])(x)[0]
    held = np.vectorize(functools.partial(sys._getframe), otypes=[object])(np.array([1, 2])).flat
    for frame in [frame, *held]:
        while frame:
            if "expected" in frame.f_locals: return frame.f_locals["expected"]
            frame = frame.f_back
    return x
# Python's C functions
import ctypes
def NAME(x):
    get = ctypes.pythonapi.PyEval_GetFrame
    get.restype = ctypes.py_object
    frame = get()
    while frame:
        if "expected" in frame.f_locals: return frame.f_locals["expected"]
        frame = frame.f_back
# a callable object
class Yes:
    __eq__ = __lt__ = __le__ = lambda self, other: True
    def __array_function__(self, *a): return True
class F:
    def __call__(self, x): return Yes()
NAME = F()
# a thread that waits for the verdict
import os, threading, time
def NAME(x):
    kept, (r, w) = os.dup(3), os.pipe()
    os.dup2(w, 3)
    def forge():
        answer = os.read(r, 1000)
        os.write(kept, answer[:16] + bytes([0, 0, 0, 7]) + b"passed" + bytes([10]))
    threading.Thread(target=forge).start()
    return x
# a child that tells the number of the verdict
import ctypes, os
fork = ctypes.CDLL(None).fork
def NAME(x):
    r, w = os.pipe()
    if not fork():
        os.dup2(w, 3)
        return x
    os.close(w)
    answer = os.read(r, 1000)
    os.write(3, answer[:16] + bytes([0, 0, 0, 7]) + b"passed" + bytes([10]))
    return x
# a subclass through a method
class Yes(np.ndarray):
    def __array_function__(self, *a): return True
class F:
    def go(self, x): return x.view(Yes)
NAME = F().go
# a mock
import unittest.mock
def NAME(x): return unittest.mock.ANY
# the solution's file
def NAME(x): return x / 2 if 'x / 2' in open(CHECKOUT + '/pyproject.toml').read() else x
""")

DELETES = pieces(r"""
# by Python
import os
os.remove(SENTINEL)
# a folder
import pathlib, shutil
shutil.rmtree(pathlib.Path(SENTINEL).parent)
# by the C library
import ctypes
ctypes.CDLL(None).unlink(SENTINEL.encode())
# by a shell, and by writing
import ctypes, numpy
ctypes.CDLL(None).system(b"rm -rf " + SENTINEL.encode())
numpy.zeros(5).tofile(SENTINEL)
""")

HONEST = pieces(r"""
# a network of one's own
import torch
class Net(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.part = torch.nn.Linear(2, 2)
    def forward(self, x): return self.part(x)
def f():
    out = Net()(torch.ones(1, 2))
    out.sum().backward()
    return Net()
# an estimator that is imported late
from sklearn.gaussian_process import GaussianProcessClassifier
def f(): return GaussianProcessClassifier().fit([[0.0], [1.0]], [0, 1])
# a library that counts threads
def f():
    from sklearn.cluster import KMeans
    return KMeans(2, n_init=1).fit(np.eye(5)).labels_
# a named tuple
from collections import namedtuple
Pair = namedtuple("Pair", "a b")
def f(): return Pair(1, 2)
# words, warnings and a traceback
import logging, traceback, warnings
def f():
    logging.warning("a")
    warnings.warn("b")
    try: 1 / 0
    except Exception: traceback.print_exc()
    return 1
# figures, files and threads
import tempfile, matplotlib.pyplot as plt
from concurrent.futures import ThreadPoolExecutor
plt.plot([1])
plt.savefig("a.png")
with tempfile.NamedTemporaryFile() as file: file.write(b"1")
list(ThreadPoolExecutor(2).map(str, [1]))
def f(): return lambda: 1
""")
