"""What the fork server of the sandbox loads once, so that a hand-in costs a second and not ten: libraries, and how they looked untouched."""

from __future__ import annotations

import gc
import importlib
import os
import sys
from collections.abc import Callable
from contextlib import suppress
from types import ModuleType
from typing import Any

ASKED = "SRFP_LABS_PRELOAD"  # set where the fork server starts: elsewhere the import of this module loads nothing
ONE_THREAD = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
LIBRARIES = """
    numpy numpy.testing scipy.fft scipy.ndimage scipy.signal scipy.stats scipy.optimize scipy.linalg scipy.spatial scipy.interpolate
    pandas pywt PIL.Image sklearn.svm sklearn.linear_model sklearn.neighbors sklearn.ensemble sklearn.decomposition sklearn.naive_bayes
    sklearn.discriminant_analysis sklearn.model_selection sklearn.metrics sklearn.preprocessing sklearn.pipeline sklearn.cluster
    sklearn.manifold skimage.metrics skimage.restoration skimage.transform skimage.filters torch torch.nn.functional torch.utils.data
    matplotlib.pyplot srfp_lib.labs
""".split()
PATCHABLE = ("numpy", "torch._tensor", "torch.nn", "pandas.core", "PIL", "scipy.stats", "sklearn.metrics", "srfp_lib", "unittest.case")
OFTEN = ("builtins", "math", "operator", "numpy", "skimage", "srfp_lib")
TORCH = ("torch", "torch.functional", "torch.nn.functional", "torch._tensor", "scipy.fft", "scipy.ndimage", "scipy.stats", "pandas")


class Untouched:
    """Modules and classes as they were. ``restore`` undoes what was assigned to them since, and forgets modules imported since."""

    def __init__(self) -> None:
        self.spaces: dict[str, tuple[ModuleType, dict]] = {}
        self.classes: dict[type, dict] = {}
        self.known: set[type] = set()
        self.add()

    def add(self) -> None:
        """Take in what was imported and defined since."""
        for name, module in list(sys.modules.items()):
            if name not in self.spaces and isinstance(module, ModuleType):
                self.spaces[name] = (module, dict(vars(module)))
        for kind in _classes() - self.known:
            if kind.__module__ == "unittest.mock":  # equal to all they are compared with
                continue
            self.known.add(kind)
            made_here = isinstance(kind.__module__, str) and kind.__module__.startswith(PATCHABLE)
            if made_here and kind.__flags__ & 1 << 9:  # by a class statement, so open to assignment
                self.classes[kind] = dict(vars(kind))
        self.paths, self.finders, self.hooks = list(sys.path), list(sys.meta_path), list(sys.path_hooks)

    def refresher(self) -> Callable[[], None]:
        """A quick function that restores the modules that checks look into, after each call of an answer."""
        spaces = [(vars(module), then) for name, (module, then) in self.spaces.items() if name.partition(".")[0] in OFTEN or name in TORCH]

        def refresh() -> None:
            for now, then in spaces:
                for key, value in then.items():
                    if key not in now or now[key] is not value:
                        now[key] = value

        return refresh

    def restorer(self) -> Callable[[], None]:
        """A function that restores all and looks up no name that a hand-in can assign to."""
        spaces, classes, modules, assign = self.spaces, self.classes, sys.modules, type.__setattr__
        lists: tuple[tuple[list[Any], list[Any]], ...] = ((sys.path, self.paths), (sys.meta_path, self.finders), (sys.path_hooks, self.hooks))
        read, items = type.__dict__["__dict__"].__get__, dict.items

        def restore() -> None:
            for now, then in lists:
                now[:] = then
            for name in [*modules]:
                if name not in spaces:
                    del modules[name]
            for name, (module, then) in items(spaces):
                modules[name] = module
                now = module.__dict__
                for key, value in items(then):
                    if key not in now or now[key] is not value:
                        now[key] = value
            for kind, then in items(classes):
                now = read(kind)
                for key, value in items(then):
                    if key not in now or now[key] is not value:
                        assign(kind, key, value)

        return restore


def _classes() -> set[type]:
    found, waiting = {object}, [object]
    while waiting:
        for kind in type.__subclasses__(waiting.pop()):
            if kind not in found:
                found.add(kind)
                waiting.append(kind)
    return found


def take() -> Untouched:
    """The state kept at the start of the fork server, taken out of this module, where a hand-in would find it."""
    kept = globals().pop("_kept", None) or _load()
    return kept


def _load() -> Untouched:
    for name in LIBRARIES:
        with suppress(Exception):  # a lab that needs it will say so
            importlib.import_module(name)
    with suppress(ImportError, RuntimeError):
        importlib.import_module("torch").set_num_threads(1)
    with suppress(ImportError):  # looks for libraries in /proc once, which is closed later
        importlib.import_module("sklearn.cluster").KMeans(1, n_init=1).fit([[0.0], [1.0]])
    kept = Untouched()
    gc.freeze()  # a collection in a child would copy every page
    return kept


if ASKED in os.environ:
    _kept = _load()
