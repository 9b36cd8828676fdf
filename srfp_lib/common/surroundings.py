"""What libraries take for granted of a machine: a user with a name and a home that can be written."""

from __future__ import annotations

import getpass
import os
import tempfile
from pathlib import Path


def prepare() -> None:
    """Fill in what is missing, as in a container that runs under an unknown user id; a proper machine stays as it is."""
    try:
        getpass.getuser()
    except (KeyError, OSError, ImportError):  # no name in the environment and none for this user id
        os.environ["USER"] = os.environ["LOGNAME"] = "srfp"
    home = os.environ.get("HOME") or os.environ.get("USERPROFILE") or ""
    if not home or not Path(home).is_dir() or not os.access(home, os.W_OK):
        os.environ["HOME"] = tempfile.mkdtemp(prefix="srfp-home-")
