"""A server on this machine that stops, lies, falls silent and sends elsewhere, by the name that is asked for."""

import hashlib
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import numpy as np
import pytest

from srfp_lib.published.download import CHUNK, Patience

CONTENT = np.random.default_rng(0).bytes(300_000)
SUM = hashlib.sha256(CONTENT).hexdigest()
KEPT = 100_000 // CHUNK * CHUNK  # of the 100 000 bytes that come before a cut
HURRY = Patience(attempts=3, pause=0, connect=1, read=0.2)


class Server(ThreadingHTTPServer):
    """Serves CONTENT under names that say what goes wrong; ``asked`` are the paths and ranges of the requests."""

    daemon_threads = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.asked, self.files, self.release = [], {}, threading.Event()
        threading.Thread(target=self.serve_forever, args=(0.01,), daemon=True).start()

    def address(self, name):
        return f"http://127.0.0.1:{self.server_port}/{name}"

    def ranges(self):
        return [begin for _, begin in self.asked]


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def do_GET(self):
        name = self.path.strip("/").partition("?")[0]
        self.server.asked.append((name, self.headers.get("Range", "")))
        getattr(self, f"say_{name}", self.say_file)(len(self.server.asked) == 1)

    def say_file(self, _, *, etag='"one"', content=None, cut=None):
        content = content or self.server.files.get(self.path.strip("/").partition("?")[0], CONTENT)
        begin = 0
        if "Range" in self.headers and self.headers.get("If-Range") == etag:
            begin = int(self.headers["Range"].removeprefix("bytes=").removesuffix("-"))
        self.send_response(206 if begin else 200)
        self.send_header("Content-Length", str(len(content) - begin))
        if begin:
            self.send_header("Content-Range", f"bytes {begin}-{len(content) - 1}/{len(content)}")
        if etag:
            self.send_header("ETag", etag)
        self.end_headers()
        self.wfile.write(content[begin:cut])
        self.close_connection = cut is not None

    def say_cut(self, first):
        self.say_file(first, cut=100_000 if first else None)

    def say_cut_nameless(self, first):
        self.say_file(first, etag="", cut=100_000 if first else None)

    def say_changing(self, first):
        self.say_file(first, etag='"one"' if first else '"two"', content=bytes(300_000) if first else CONTENT, cut=100_000 if first else None)

    def say_busy(self, first):
        self._empty(503) if first else self.say_file(first)

    def say_gone(self, _):
        self._empty(404)

    def say_moved(self, _):
        self._empty(302, Location="/file")

    def say_circle(self, _):
        self._empty(302, Location="/circle")

    def say_page(self, _):
        self._empty(200, **{"Content-Type": "text/html; charset=utf-8"})

    def say_elsewhere(self, _):
        self._empty(206, **{"Content-Range": "bytes 7-9/10"})

    def say_silent(self, _):
        self.server.release.wait(5)
        self.close_connection = True

    def say_endless(self, _):
        self.send_response(200)
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        try:
            while not self.server.release.is_set():
                self.wfile.write(b"10000\r\n" + bytes(65536) + b"\r\n")
        except OSError:
            pass

    def _empty(self, status, **headers):
        self.send_response(status)
        for name, value in {"Content-Length": "0", **headers}.items():
            self.send_header(name, value)
        self.end_headers()


@pytest.fixture
def server(monkeypatch):
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    running = Server()
    yield running
    running.release.set()
    running.shutdown()
    running.server_close()
