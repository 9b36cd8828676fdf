"""Weight files from a server, by hand and out of archives; and the folder's checksums."""

import io
import json
import zipfile
from dataclasses import replace
from pathlib import Path

import pytest

from srfp_lib.common.errors import UserError
from srfp_lib.published.catalogue import row as row_of
from srfp_lib.published.weights_folder import LOCK, WeightsFolder
from tests.published.conftest import CONTENT, SUM


def left(folder):
    return sorted(path.name for path in Path(folder).iterdir())


def row(download="", **changes):
    about = {"weight_file": "w.pth", "address": download, "address_kind": "direct", "tensor_bytes": 300_000, "sha256": "", "variant": ""}
    licences = {"licence_weights": "not stated", "licence_code": "MIT", "repository": "example.org/edsr"}
    return replace(row_of("EDSR-div2k-x2-L1-NA-pretrained"), download=download, **(about | licences | changes))


def get(folder, line):
    return WeightsFolder(folder).fetch(line, sleep=pytest.fail)


@pytest.mark.parametrize(("published", "state"), [
    (SUM, "verified"), (SUM[:8], "verified"), ("", "as first seen"),
])  # fmt: skip
def test_fetched_once(server, tmp_path, published, state):
    line = row(server.address("file"), sha256=published)
    assert get(tmp_path, line) == get(tmp_path, line) == state
    assert len(server.asked) == 1 and left(tmp_path / "EDSR") == ["w.pth"]
    assert json.loads((tmp_path / LOCK).read_text())["EDSR/w.pth"] == {"sha256": SUM, "bytes": 300_000, "source": line.download}


@pytest.mark.parametrize("published", ["0" * 64, "00000000"])
def test_not_the_published_file(server, tmp_path, published):
    with pytest.raises(UserError, match="another file than the one with sha256:00000000") as refusal:
        get(tmp_path, row(server.address("file"), sha256=published))
    assert f"save it as '{tmp_path}/EDSR/w.pth'" in str(refusal.value) and "licence of the weights: not stated" in str(refusal.value)
    assert left(tmp_path / "EDSR") == [] and not (tmp_path / LOCK).exists()


def test_checksums_are_enforced(server, tmp_path):
    line, path = row(server.address("file")), tmp_path / "EDSR" / "w.pth"
    get(tmp_path, line)
    path.write_bytes(b"something else")
    assert WeightsFolder(tmp_path).state(line) == "altered"
    with pytest.raises(UserError, match="has another SHA-256 than '.*weights.lock.json' has"):
        get(tmp_path, line)
    assert path.read_bytes() == b"something else"
    path.unlink()
    server.files["file"] = CONTENT[::-1]
    with pytest.raises(UserError, match=r"w.pth' cannot be had .*/file is another file"):
        get(tmp_path, line)
    server.files["file"] = CONTENT
    assert get(tmp_path, line) == "as first seen"


def test_a_file_put_there_by_hand(tmp_path):
    line = row(address="https://example.org/folder", address_kind="Google Drive folder")
    with pytest.raises(UserError, match=r"get 'w.pth' from https://example.org/folder \[Google Drive folder\] and save it as"):
        get(tmp_path, line)
    path = tmp_path / "EDSR" / "w.pth"
    path.parent.mkdir()
    path.write_bytes(CONTENT)
    assert WeightsFolder(tmp_path).state(line) == "present"
    assert get(tmp_path, line) == "as first seen"
    assert WeightsFolder(tmp_path).entries()["EDSR/w.pth"]["source"] == "put there by hand"
    with pytest.raises(UserError, match="than its authors published"):
        get(tmp_path, replace(line, sha256="0" * 64))


def zipped(members):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return buffer.getvalue()


def test_two_files_of_one_archive(server, tmp_path):
    server.files["models.zip"] = zipped({"models/x2.pt": b"two", "models/x4.pt": b"four", "old/x4.pt": b"for"})
    for name in ("x2.pt", "x4.pt"):
        line = row(server.address("models.zip"), weight_file=f"{name} (in models.zip)", address_kind="Dropbox zip")
        assert get(tmp_path, line) == "as first seen"
    assert len(server.asked) == 1 and left(tmp_path / "EDSR") == ["models.zip", "x2.pt", "x4.pt"]
    assert (tmp_path / "EDSR" / "x4.pt").read_bytes() == b"four" and left(tmp_path) == ["EDSR", LOCK]


@pytest.mark.parametrize(("content", "reason"), [
    (zipped({"other.pth": b"x"}), "holds other.pth and no 'w.pth': get 'w.pth' from"),
    (zipped({"w.pth": bytes(20_000_000)}), "unpacks to more than 17,977,216 bytes"),
    (b"PK\x03\x04 no archive", "is damaged or no archive"),
    (zipped({"../w.pth": b"climbs out"}), "leads out of the folder"),
])  # fmt: skip
def test_archives_that_lack_it(server, tmp_path, content, reason):
    server.files["models.zip"] = content
    with pytest.raises(UserError, match=reason):
        get(tmp_path, row(server.address("models.zip"), address_kind="Dropbox zip"))
    assert left(tmp_path / "EDSR") == ["models.zip"]


def test_one_process_at_a_time(tmp_path):
    with WeightsFolder(tmp_path).held(), pytest.raises(UserError, match="another process fetches into"), WeightsFolder(tmp_path).held():
        pass


@pytest.mark.parametrize("content", ["{", "[]", '{"a": 1}', '{"a": {}}', "\xff"])
def test_damaged_checksums(tmp_path, content):
    (tmp_path / LOCK).write_text(content, encoding="latin-1")
    with pytest.raises(UserError, match="is damaged: restore it, or delete it"):
        WeightsFolder(tmp_path).entries()
