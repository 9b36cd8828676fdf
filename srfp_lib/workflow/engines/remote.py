"""What workers on other machines have in common."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from typing import Any

from ...common.errors import MachineError

GRACE = 0.5  # seconds in which the exception reaches the runner


def call(function: Callable[..., Any], *arguments: Any) -> Any:
    """Call a function. A process whose machine failed leaves then, so that the job is not its again, and a GPU is opened anew."""
    try:
        return function(*arguments)
    except MachineError:
        threading.Timer(GRACE, os._exit, (1,)).start()
        raise
