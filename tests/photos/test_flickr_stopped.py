"""Flickr1K is the same however often its building was stopped, by whatever."""

import signal
import subprocess
import sys
from dataclasses import replace

import pytest

from srfp_lib.common.errors import UserError
from srfp_lib.photos.flickr import build
from srfp_lib.photos.flickr.state import State
from tests.photos.fake_flickr import PLAN, FakeFlickr, built, client, same


@pytest.mark.slow
def test_random_failures_change_nothing(whole, tmp_path):
    server = FakeFlickr(each=60, failing=0.2)
    built(tmp_path / "set", server)
    assert same(whole[0], tmp_path / "set")


class Killed(BaseException):
    pass


@pytest.mark.slow
def test_a_set_stopped_at_many_moments_is_the_same(whole, tmp_path):
    """At every 9th request the run ends, wherever it is; the next one goes on. No photograph is fetched much more than once."""
    runs = 0
    with FakeFlickr(each=60, failing=0.05).running() as address:
        while runs < 100:
            asked, runs = [], runs + 1

            def sleep(seconds, asked=asked):
                asked.append(seconds)
                if len(asked) == 9:
                    raise Killed

            try:
                build(tmp_path / "set", client(address, sleep), PLAN)
                break
            except Killed:
                pass
    assert 20 < runs < 100 and same(whole[0], tmp_path / "set")


SCRIPT = """
import os, signal, sys
from pathlib import Path
from srfp_lib.photos.flickr import Flickr, Plan, build
left = [int(sys.argv[3])]
def sleep(seconds):
    left[0] -= 1
    if not left[0]:
        os.kill(os.getpid(), signal.SIGKILL)
build(Path(sys.argv[1]), Flickr("k3y", address=sys.argv[2], sleep=sleep), Plan(tags=("food",), per_tag=10, least_pixels=20_000, side=96))
"""


@pytest.mark.slow
def test_a_set_killed_twice_is_the_same(tmp_path):
    plan = replace(PLAN, tags=("food",), per_tag=10)
    built(tmp_path / "whole", FakeFlickr(each=60), plan)
    with FakeFlickr(each=60).running() as address:
        for requests in ("8", "11"):
            end = subprocess.run([sys.executable, "-c", SCRIPT, str(tmp_path / "killed"), address, requests])
            assert end.returncode == -signal.SIGKILL
        build(tmp_path / "killed", client(address), plan)
    assert same(tmp_path / "whole", tmp_path / "killed")


def test_a_torn_line_is_not_a_decision(tmp_path):
    plan = replace(PLAN, tags=("food",), per_tag=3)
    built(tmp_path / "whole", FakeFlickr(each=60), plan)
    with FakeFlickr(each=60).running() as address:
        build(tmp_path / "torn", client(address), plan)
        (tmp_path / "torn" / "photographs.csv").unlink()
        journal = tmp_path / "torn" / "state" / "decisions.jsonl"
        journal.write_bytes(journal.read_bytes()[:-20])
        (tmp_path / "torn" / "photographs" / ".1.png.77.partial").write_bytes(b"half")
        (tmp_path / "torn" / "photographs" / "9_9.png").write_bytes(b"decided on by nobody")
        build(tmp_path / "torn", client(address), plan)
    assert [d["outcome"] for d in State(tmp_path / "torn").decisions()].count("taken") == 3
    assert same(tmp_path / "whole", tmp_path / "torn")


@pytest.mark.slow
def test_a_server_that_stays_silent_ends_the_run_and_nothing_is_lost(whole, tmp_path):
    server = FakeFlickr(each=60, failing=1.0)
    with pytest.raises(UserError, match="6 times in a row: the same command goes on"):
        built(tmp_path / "set", server)
    server.failing = 0
    built(tmp_path / "set", server)
    assert same(whole[0], tmp_path / "set")
