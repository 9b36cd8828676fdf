"""Archives cannot do harm: unpacked as a whole or not at all."""

import io
import tarfile
import zipfile

import pytest

from srfp_lib.common.errors import UserError
from srfp_lib.fetching.archives import unpack


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
    monkeypatch.setattr("srfp_lib.fetching.archives.MOST_FILES", 2)
    packed(archive, [(f"{i}.png", bytes(10)) for i in range(3)])
    with pytest.raises(UserError, match="more than 2 files"):
        unpack(archive, tmp_path / "set")
