"""One writer at a time: with the kernel's lock, where it is refused, and where it holds on one machine only."""

import contextlib
import errno
import json
import os
import subprocess
import sys
import time
from pathlib import Path

import filelock
import pytest

from srfp_lib.common.errors import UserError
from srfp_lib.workflow import lock
from srfp_lib.workflow.lock import WriterLock


def refused(*_):
    raise OSError(errno.ENOSYS, "Function not implemented")


@pytest.fixture(params=["a kernel with locks", "a file system that refuses them", "locks that hold on one machine only"])
def kernel(request, monkeypatch):
    """What the kernel does with locks; the last lets every process have them."""
    if request.param != "a kernel with locks":
        monkeypatch.setattr(filelock.FileLock, "_acquire", refused if "refuses" in request.param else lambda self: None)
        monkeypatch.setattr(filelock.FileLock, "is_locked", property(lambda self: "refuses" not in request.param))
    return request.param


def test_a_second_writer_is_refused_by_name(tmp_path, kernel):
    with WriterLock(tmp_path), pytest.raises(UserError, match=f"another run \\(process {os.getpid()} on .*\\) is writing into '{tmp_path}'"):
        with WriterLock(tmp_path):
            pass
    with WriterLock(tmp_path):
        pass
    assert not [p for p in tmp_path.iterdir() if p.name != ".lock"]


def test_a_dead_writer_of_this_host_is_succeeded_at_once(tmp_path, kernel):
    begin = "import os, sys; from pathlib import Path; from srfp_lib.workflow.lock import WriterLock; "
    code = f"{begin}WriterLock(Path(sys.argv[1])).__enter__(); os._exit(9)"
    assert subprocess.run([sys.executable, "-c", code, str(tmp_path)], check=False).returncode == 9
    assert (tmp_path / ".writer").exists()
    with WriterLock(tmp_path) as mine:
        assert mine.held()


@pytest.mark.parametrize(("silent", "free"), [(5, False), (lock.STALE + 5, True)])
def test_a_writer_of_another_host_counts_as_gone_without_a_heartbeat(tmp_path, silent, free):
    record = tmp_path / ".writer"
    record.write_text(json.dumps({"host": "elsewhere", "process": 1, "started": 0.0, "token": "theirs"}))
    os.utime(record, (time.time() - silent,) * 2)
    if free:
        with WriterLock(tmp_path) as mine:
            assert mine.held()
    else:
        with pytest.raises(UserError, match="process 1 on elsewhere"), WriterLock(tmp_path):
            pass


def test_another_process_of_the_same_number_is_not_the_writer(tmp_path):
    record = WriterLock(tmp_path).record
    record.write_text(json.dumps({"host": lock.platform.node(), "process": os.getpid(), "started": 1.0, "token": "theirs"}))
    with pytest.raises(UserError, match="another run"), WriterLock(tmp_path):
        pass  # its heart beats: it is the clock that was set
    os.utime(record, (time.time() - lock.STALE - 5,) * 2)
    with WriterLock(tmp_path) as mine:
        assert mine.held()


def test_a_writer_that_was_suspended_notices_that_it_was_succeeded(tmp_path):
    with WriterLock(tmp_path) as mine:
        mine.record.write_text(json.dumps({"host": "elsewhere", "process": 1, "started": 0.0, "token": "theirs"}))
        assert not mine.held()
        with pytest.raises(UserError, match="another run took over"):
            mine.confirm()
    assert mine.record.exists()  # it is the other's


def test_a_record_that_is_gone_is_named(tmp_path):
    with WriterLock(tmp_path) as mine:
        mine.confirm()
        mine.record.unlink()
        with pytest.raises(UserError, match=".writer', the record of who writes there, is gone"):
            mine.confirm()


def test_the_heart_beats(tmp_path, monkeypatch):
    monkeypatch.setattr(lock, "HEARTBEAT", 0.01)
    with WriterLock(tmp_path) as mine:
        os.utime(mine.record, (0, 0))
        for _ in range(200):
            time.sleep(0.01)
            if mine.record.stat().st_mtime > 0:
                break
        assert mine.record.stat().st_mtime > 0


def test_without_links_the_record_appears_too(tmp_path, monkeypatch):
    monkeypatch.setattr(os, "link", refused)
    with WriterLock(tmp_path) as mine:
        assert mine.held()
        with pytest.raises(UserError, match="another run"), WriterLock(tmp_path):
            pass


@pytest.mark.parametrize("mode", ["w", "x"], ids=["draft", "record"])
def test_a_full_disk_leaves_nothing_behind(tmp_path, monkeypatch, mode):
    """A file can still be made, and nothing be written into it. The record is written where there are no links."""

    class Full:
        def write(self, text):
            raise OSError(errno.ENOSPC, "No space left on device")

    def opened(path, *how, open=Path.open, **named):
        if mode not in (*how, named.get("mode")):
            return open(path, *how, **named)
        path.touch()
        return contextlib.nullcontext(Full())

    monkeypatch.setattr(os, "link", refused)
    monkeypatch.setattr(Path, "open", opened)
    with pytest.raises(OSError, match="No space left"), WriterLock(tmp_path):
        pass
    assert {p.name for p in tmp_path.iterdir()} <= {".lock"}


def test_a_heart_survives_an_error_of_the_file_system(tmp_path, monkeypatch):
    monkeypatch.setattr(lock, "HEARTBEAT", 0.01)
    beats, utime = [], os.utime

    def failing(path, *how):
        beats.append(path)
        if len(beats) < 3:
            raise OSError(errno.EIO, "Input/output error")
        utime(path, *how)

    monkeypatch.setattr(os, "utime", failing)
    with WriterLock(tmp_path):
        for _ in range(200):
            time.sleep(0.01)
            if len(beats) > 3:
                break
    assert len(beats) > 3


@pytest.mark.slow
def test_of_many_that_wait_for_a_dead_writer_one_succeeds(tmp_path):
    """Without the kernel's lock: every contender writes its line while it holds the record."""
    (tmp_path / ".writer").write_text(json.dumps({"host": lock.platform.node(), "process": 2**22 + 1, "started": 0.0, "token": "dead"}))
    code = (
        "import sys, time\nfrom pathlib import Path\nimport filelock\nfrom srfp_lib.workflow.lock import WriterLock\n"
        "from srfp_lib.common.errors import UserError\nfilelock.FileLock._acquire = lambda self: None\n"
        "filelock.FileLock.is_locked = property(lambda self: True)\ntime.sleep(max(0, float(sys.argv[2]) - time.time()))\n"
        "try:\n    with WriterLock(Path(sys.argv[1])) as mine:\n        time.sleep(0.5)\n        print('held' if mine.held() else 'lost')\n"
        "except UserError:\n    print('refused')\n"
    )
    begin = str(time.time() + 2)
    contenders = [subprocess.Popen([sys.executable, "-c", code, str(tmp_path), begin], stdout=subprocess.PIPE, text=True) for _ in range(8)]
    said = [process.communicate()[0].strip() for process in contenders]
    assert said.count("held") == 1 and said.count("refused") == 7, said


@pytest.mark.parametrize("record", ['[1]', '"x"', '{"token": "../../x"}', '{"host": "HOST", "process": "a", "token": "t"}',
                                    '{"host": "HOST", "process": -1, "started": null, "token": "t"}', "{"])  # fmt: skip
def test_what_is_no_record_keeps_nobody_out_for_long(tmp_path, record):
    (tmp_path / ".writer").write_text(record.replace("HOST", lock.platform.node()))
    os.utime(tmp_path / ".writer", (time.time() - lock.STALE - 5,) * 2)
    with WriterLock(tmp_path) as mine:
        assert mine.held()
