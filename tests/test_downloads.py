"""Downloads from a server on this machine that stops, lies, falls silent and sends elsewhere."""

import fcntl
import hashlib
import socket
import threading

import pytest

from srfp_lib.common.errors import UserError
from srfp_lib.fetching import downloads
from srfp_lib.fetching.downloads import download
from tests.serving import Truncated, serving

CONTENT = bytes(range(256)) * 2000
SHA256 = f"sha256:{hashlib.sha256(CONTENT).hexdigest()}"


class Server:
    """Serves CONTENT in ranges; the first ``failures`` answers are what they say: an answer, a wait, or truncated."""

    def __init__(self, *failures, ranges=True, etag='"1"'):
        self.failures, self.ranges, self.etag, self.asked = list(failures), ranges, etag, []

    def __call__(self, path, headers):
        self.asked.append(headers.get("Range"))
        start = int(headers["Range"][6:-1]) if "Range" in headers and self.ranges else 0
        if headers.get("If-Range", self.etag) != self.etag:
            start = 0
        failure = self.failures.pop(0) if self.failures else None
        if isinstance(failure, tuple):
            return failure
        if isinstance(failure, threading.Event):
            failure.wait(5)
        if start >= len(CONTENT):
            return 416, {"Content-Range": f"bytes */{len(CONTENT)}"}, b""
        body = (Truncated if failure == "truncated" else bytes)(CONTENT[start:])
        place = {"Content-Range": f"bytes {start}-{len(CONTENT) - 1}/{len(CONTENT)}"} if start else {}
        return 206 if start else 200, {"ETag": self.etag, **place}, body


def fetched(server, target, digest=SHA256):
    waits = []
    with serving(server) as base:
        download(f"{base}/f.zip", target, digest, sleep=waits.append)
    assert target.read_bytes() == CONTENT and left(target.parent) == [target.name]
    return waits


def left(folder):
    return sorted(path.name for path in folder.iterdir())


def test_a_file_arrives_whole_and_is_not_fetched_twice(tmp_path):
    server = Server()
    fetched(server, tmp_path / "f.zip")
    fetched(server, tmp_path / "f.zip")
    assert server.asked == [None]


@pytest.mark.parametrize("digest", ["", SHA256[:15], f"md5:{hashlib.md5(CONTENT).hexdigest()}"])
def test_digests(tmp_path, digest):
    fetched(Server(), tmp_path / "f.zip", digest)


def test_a_broken_download_goes_on_where_it_broke(tmp_path):
    server = Server("truncated", "truncated")
    assert fetched(server, tmp_path / "f.zip") == [1, 2]
    starts = [int(asked[6:-1]) for asked in server.asked[1:]]
    assert server.asked[0] is None and 150_000 < starts[0] <= 256_000 and 300_000 < starts[1] <= 384_000


def test_a_killed_download_goes_on(tmp_path):
    (tmp_path / "f.zip.partial").write_bytes(CONTENT[:1000])
    server = Server()
    fetched(server, tmp_path / "f.zip")
    assert server.asked == ["bytes=1000-"]


def test_without_a_digest_or_a_strong_name_it_is_begun_anew(tmp_path):
    """Otherwise two files could be mixed, and nobody would know."""
    server = Server("truncated", etag='W/"1"')
    fetched(server, tmp_path / "f.zip", "")
    assert server.asked == [None, None]


def test_without_a_digest_a_strong_name_is_enough(tmp_path):
    server = Server("truncated")
    fetched(server, tmp_path / "f.zip", "")
    assert server.asked[0] is None and server.asked[1].startswith("bytes=")


def test_a_whole_partial_file_is_taken(tmp_path):
    (tmp_path / "f.zip.partial").write_bytes(CONTENT)
    fetched(Server(), tmp_path / "f.zip")


def test_a_partial_file_that_is_too_long_is_begun_anew(tmp_path):
    (tmp_path / "f.zip.partial").write_bytes(CONTENT + b"more")
    fetched(Server(), tmp_path / "f.zip")


def test_a_server_without_ranges_sends_all_again(tmp_path):
    fetched(Server("truncated", ranges=False), tmp_path / "f.zip")


def test_a_file_that_changed_on_the_server_is_begun_anew(tmp_path):
    (tmp_path / "f.zip.partial").write_bytes(b"older content")
    (tmp_path / "f.zip.partial.version").write_text('"0"')
    server = Server()
    fetched(server, tmp_path / "f.zip")
    assert len(server.asked) == 1


def test_busy_servers_are_asked_again_after_what_they_ask_for(tmp_path):
    busy = (429, {"Retry-After": "7"}, b"")
    assert fetched(Server(busy, (503, {}, b""), busy), tmp_path / "f.zip") == [7, 2, 7]


def test_it_ends_after_six_tries_and_keeps_what_there_is(tmp_path):
    waits = []
    with serving(Server(*["truncated"] * 9)) as base, pytest.raises(UserError, match="broke off, 6 times in a row.*by hand"):
        download(f"{base}/f.zip", tmp_path / "f.zip", SHA256, sleep=waits.append)
    assert waits == [1, 2, 4, 8, 16]
    assert CONTENT.startswith((tmp_path / "f.zip.partial").read_bytes()) and left(tmp_path) == ["f.zip.partial", "f.zip.partial.version"]
    fetched(Server(), tmp_path / "f.zip")


def test_a_dead_source_has_a_second(tmp_path):
    with serving(Server((404, {}, b""))) as base:
        download([f"{base}/dead.zip", f"{base}/f.zip"], tmp_path / "f.zip", SHA256)
    assert (tmp_path / "f.zip").read_bytes() == CONTENT


def test_a_partial_file_of_another_file_is_begun_anew(tmp_path):
    (tmp_path / "f.zip.partial").write_bytes(b"another file")
    server = Server(etag="")
    fetched(server, tmp_path / "f.zip")
    assert server.asked == ["bytes=12-", None]


def test_another_file_is_refused_and_the_old_one_stays(tmp_path):
    (tmp_path / "f.zip").write_bytes(b"mine")
    with serving(Server()) as base, pytest.raises(UserError, match="another file than the one with sha256:0000"):
        download(f"{base}/f.zip", tmp_path / "f.zip", f"sha256:{'0' * 64}")
    assert (tmp_path / "f.zip").read_bytes() == b"mine" and left(tmp_path) == ["f.zip"]


def test_too_large_a_file_is_refused(tmp_path):
    with serving(Server()) as base, pytest.raises(UserError, match="more than the 1,000 bytes"):
        download(f"{base}/f.zip", tmp_path / "f.zip", most_bytes=1000)
    assert left(tmp_path) == []


@pytest.mark.parametrize(("answer", "sentence", "requests"), [
    ((403, {}, b""), "HTTP 403", 1), ((404, {}, b""), "is gone", 1), ((410, {}, b""), "is gone", 1),
    ((200, {"Content-Type": "text/html; charset=utf-8"}, b"log in"), "is a web page instead of the file", 1),
    ((302, {"Location": "/circle"}, b""), "cannot be asked for .TooManyRedirects", 31),
])  # fmt: skip
def test_what_cannot_work_is_said_at_once(tmp_path, answer, sentence, requests):
    server = Server(*[answer] * 99)
    with serving(server) as base, pytest.raises(UserError, match=f"f.zip' cannot be had .*{sentence}.*: by hand"):
        download(f"{base}/x", tmp_path / "f.zip", remedy="by hand", sleep=pytest.fail)
    assert len(server.asked) == requests and left(tmp_path) == []


def test_no_address(tmp_path):
    with pytest.raises(UserError, match="'nonsense' cannot be asked for .MissingSchema"):
        download("nonsense", tmp_path / "f.zip", sleep=pytest.fail)


def test_a_file_that_moved_is_followed(tmp_path):
    server = Server((302, {"Location": "/there"}, b""))
    fetched(server, tmp_path / "f.zip")
    assert len(server.asked) == 2


def test_a_part_that_was_not_asked_for_is_not_taken(tmp_path):
    fetched(Server((206, {"Content-Range": "bytes 7-9/10"}, b"789")), tmp_path / "f.zip")


def test_a_server_that_falls_silent_is_asked_again(tmp_path, monkeypatch):
    monkeypatch.setattr(downloads, "TIMEOUT", (1, 0.2))
    release = threading.Event()
    with serving(Server(*[release] * 9)) as base, pytest.raises(UserError, match="fell silent, 6 times in a row"):
        try:
            download(f"{base}/f.zip", tmp_path / "f.zip", sleep=lambda seconds: None)
        finally:
            release.set()
    assert left(tmp_path) == []


def test_no_network(tmp_path):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # bound, never listening
        with pytest.raises(UserError, match="cannot be reached, 6 times in a row"):
            download(f"http://127.0.0.1:{taken.getsockname()[1]}/f.zip", tmp_path / "f.zip", sleep=lambda seconds: None)
    assert left(tmp_path) == []


def test_keys_in_an_address_are_not_repeated(tmp_path):
    with serving(Server((403, {}, b""))) as base, pytest.raises(UserError) as caught:
        download(f"{base}/x?api_key=secret", tmp_path / "f.zip")
    assert "secret" not in str(caught.value)


def test_two_processes_do_not_write_one_file(tmp_path):
    with (tmp_path / "f.zip.partial").open("ab") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        with serving(Server()) as base, pytest.raises(UserError, match="another process is writing"):
            download(f"{base}/f.zip", tmp_path / "f.zip", SHA256)


def test_a_file_that_another_process_finished_is_not_written(tmp_path, monkeypatch):
    """Between opening the part and locking it, its writer ended and gave the file its name."""
    part = tmp_path / "f.zip.partial"
    monkeypatch.setattr(fcntl, "flock", lambda file, how: part.rename(tmp_path / "f.zip"))
    with pytest.raises(UserError, match="another process is writing"):
        download("http://127.0.0.1/f.zip", tmp_path / "f.zip", SHA256)
    assert left(tmp_path) == ["f.zip"]
