"""What libraries take for granted of a machine: a user with a name and a home that can be written; and ours of the checkout."""

from __future__ import annotations

import atexit
import getpass
import os
import shutil
import tempfile

from . import checkout


def prepare() -> None:
    """Fill in what is missing, as under an unknown user id in a container. Raises UserError where the package lies without its checkout."""
    checkout.check()
    try:
        getpass.getuser()
    except (KeyError, OSError, ImportError):  # no name in the environment and none for this user id
        os.environ["USER"] = os.environ["LOGNAME"] = "srfp"
    if not os.environ.get("HOME", "unset"):
        del os.environ["HOME"]
    try:
        tempfile.TemporaryFile(dir=os.path.expanduser("~")).close()
    except OSError:  # a home is made that lasts as long as this process
        os.environ["SRFP_MADE_HOME"] = "1"  # what a user means by ~ is not this folder
        os.environ["HOME"] = os.environ["USERPROFILE"] = made = tempfile.mkdtemp(prefix="srfp-home-")
        atexit.register(shutil.rmtree, made, ignore_errors=True)
