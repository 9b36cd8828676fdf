"""Downloads resume, verify and try again; archives cannot do harm."""

import fcntl
import hashlib
import io
import tarfile
import zipfile

import pytest

from srfp_lib.errors import UserError
from srfp_lib.photos.downloads import download, unpack
from tests.photos.serving import Truncated, serving

CONTENT = bytes(range(256)) * 2000
SHA256 = hashlib.sha256(CONTENT).hexdigest()


class Server:
    """Serves CONTENT in ranges; the first ``failures`` answers are what they say."""

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
        if start >= len(CONTENT):
            return 416, {"Content-Range": f"bytes */{len(CONTENT)}"}, b""
        body = (Truncated if failure == "truncated" else bytes)(CONTENT[start:])
        place = {"Content-Range": f"bytes {start}-{len(CONTENT) - 1}/{len(CONTENT)}"} if start else {}
        return 206 if start else 200, {"ETag": self.etag, **place}, body


def fetched(server, target, **arguments):
    waits = []
    with serving(server) as base:
        download(f"{base}/f.zip", target, SHA256, sleep=waits.append, **arguments)
    assert target.read_bytes() == CONTENT
    assert [p.name for p in target.parent.iterdir()] == [target.name]
    return waits


def test_a_file_arrives_whole_and_is_not_fetched_twice(tmp_path):
    server = Server()
    fetched(server, tmp_path / "f.zip")
    fetched(server, tmp_path / "f.zip")
    assert server.asked == [None]


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
    with serving(Server(*["truncated"] * 9)) as base, pytest.raises(UserError, match="6 times in a row.*by hand"):
        download(f"{base}/f.zip", tmp_path / "f.zip", SHA256, sleep=waits.append)
    assert waits == [1, 2, 4, 8, 16]
    assert CONTENT.startswith((tmp_path / "f.zip.partial").read_bytes()) and not (tmp_path / "f.zip").exists()


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
    with serving(Server()) as base, pytest.raises(UserError, match="another file than the one with sha256 0000"):
        download(f"{base}/f.zip", tmp_path / "f.zip", "0" * 64)
    assert (tmp_path / "f.zip").read_bytes() == b"mine" and len(list(tmp_path.iterdir())) == 1


def test_too_large_a_file_is_refused(tmp_path):
    with serving(Server()) as base, pytest.raises(UserError, match="larger than 1,000 bytes"):
        download(f"{base}/f.zip", tmp_path / "f.zip", most_bytes=1000)


@pytest.mark.parametrize(("address", "sentence"), [("nonsense", "is no address"), ("{base}/x", "HTTP 403")])
def test_what_cannot_work_is_said_at_once(tmp_path, address, sentence):
    with serving(Server((403, {}, b""))) as base, pytest.raises(UserError, match=sentence):
        download(address.format(base=base), tmp_path / "f.zip", sleep=pytest.fail)


def test_keys_in_an_address_are_not_repeated(tmp_path):
    with serving(Server((403, {}, b""))) as base, pytest.raises(UserError) as caught:
        download(f"{base}/x?api_key=secret", tmp_path / "f.zip")
    assert "secret" not in str(caught.value)


def test_two_processes_do_not_write_one_file(tmp_path):
    with (tmp_path / "f.zip.partial").open("ab") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        with serving(Server()) as base, pytest.raises(UserError, match="another process is writing"):
            download(f"{base}/f.zip", tmp_path / "f.zip", SHA256)


def packed(path, members):
    """An archive of (name, content); content None makes a symbolic link."""
    if path.suffix == ".zip":
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            for name, content in members:
                info = zipfile.ZipInfo(name)
                info.external_attr = (0o120777 if content is None else 0o100644) << 16
                archive.writestr(info, content or "/etc/passwd", zipfile.ZIP_DEFLATED)
    else:
        with tarfile.open(path, "w:gz") as archive:
            for name, content in members:
                info = tarfile.TarInfo(name)
                if content is None:
                    info.type, info.linkname = tarfile.SYMTYPE, "/etc/passwd"
                info.size = len(content or b"")
                archive.addfile(info, io.BytesIO(content or b""))
    return path


@pytest.fixture(params=["a.zip", "a.tar.gz"])
def archive(request, tmp_path):
    return tmp_path / request.param


def test_wanted_files_are_unpacked(archive, tmp_path):
    packed(archive, [("HR/1.png", b"1"), ("LR/1.png", b"2")])
    unpack(archive, tmp_path / "set", place=lambda name: name if name.startswith("HR/") else None)
    assert [p.relative_to(tmp_path / "set").as_posix() for p in (tmp_path / "set").rglob("*.png")] == ["HR/1.png"]
    with pytest.raises(UserError, match="exists already"):
        unpack(archive, tmp_path / "set")


@pytest.mark.parametrize(("members", "sentence"), [
    ([("good.png", b"1"), ("../evil", b"1")], "leads out"),
    ([("/etc/evil", b"1")], "leads out"),
    ([("a/../../evil", b"1")], "leads out"),
    ([("..\\evil", b"1")], "leads out"),
    ([("C:/evil", b"1")], "leads out"),
    ([("link", None)], "a link"),
    ([("good.png", b"1"), ("bomb", bytes(10_000_000))], "unpacks to more than"),
    ([("a", b"1"), ("a/b", b"1")], "damaged"),
])  # fmt: skip
def test_harmful_archives_leave_nothing(archive, tmp_path, members, sentence):
    packed(archive, members)
    with pytest.raises(UserError, match=sentence):
        unpack(archive, tmp_path / "set")
    assert [p.name for p in tmp_path.iterdir()] == [archive.name]


def test_damaged_archives_leave_nothing(archive, tmp_path):
    packed(archive, [("1.png", bytes(range(256)) * 100)])
    archive.write_bytes(archive.read_bytes()[:-100])
    with pytest.raises(UserError, match="damaged or no archive"):
        unpack(archive, tmp_path / "set")
    assert [p.name for p in tmp_path.iterdir()] == [archive.name]


def test_too_many_files_are_refused(archive, tmp_path, monkeypatch):
    monkeypatch.setattr("srfp_lib.photos.downloads.MOST_FILES", 2)
    packed(archive, [(f"{i}.png", bytes(10)) for i in range(3)])
    with pytest.raises(UserError, match="more than 2 files"):
        unpack(archive, tmp_path / "set")
