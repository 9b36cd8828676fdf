"""A server on this machine that offers weight files."""

import hashlib

import numpy as np
import pytest

from tests.serving import serving

CONTENT = np.random.default_rng(0).bytes(300_000)
SUM = hashlib.sha256(CONTENT).hexdigest()


class Server:
    """Serves ``files`` by name; ``asked`` are the names of the requests."""

    def __init__(self):
        self.files, self.asked = {"file": CONTENT}, []

    def __call__(self, path, headers):
        name = path[1:].partition("?")[0]
        self.asked.append(name)
        return (200, {}, self.files[name]) if name in self.files else (404, {}, b"")

    def address(self, name):
        return f"{self.base}/{name}"


@pytest.fixture
def server():
    running = Server()
    with serving(running) as running.base:
        yield running
