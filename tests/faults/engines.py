"""What dies while a study runs on an engine, and what is left of it: ``python -m tests.faults.engines [--study smoke] [CASE ...]``.

Each case disturbs a run, calls the same command again until it ends well, and compares with an undisturbed one: the tables' bytes, how many
jobs were committed twice, how many receipts were lost (both counted by the kernel's word: `witness.py`). The small study's jobs take
a second and no CPU; ``--study smoke`` takes chapter 5 of the profile. Some minutes; not part of `make test`. What needs root says so and is left out.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

from tests.faults.cluster import Cluster, kill
from tests.faults.disturbed import CALLS, STUDIES, Disturbed, tables

HEAD = f"{'case':<15} {'faults':>6} {'calls':>6} {'begun':>6} {'commits':>8} {'twice':>6} {'lost':>5} {'tables':>7}  how it ended"


def workers(d: Disturbed, cluster: Cluster) -> None:
    """Ten workers are killed at random moments of their jobs."""
    ended = False
    while d.kills < 10 and d.calls < CALLS and not ended:
        process = d.start()
        while d.kills < 10 and (found := d.busy(process)):
            time.sleep(d.rng.uniform(0, 0.8))
            d.kills += kill(d.rng.choice(found).process)
            time.sleep(0.5)
        ended = d.end(process) == 0
    if not ended:
        d.finish()


def scheduler(d: Disturbed, cluster: Cluster) -> None:
    """The scheduler is killed, and comes back when the run has ended."""
    process = d.start()
    d.busy(process, done=5)
    d.kills += kill(cluster.scheduler.pid)
    d.end(process)
    cluster.start_scheduler()
    d.finish()


def scheduler_back(d: Disturbed, cluster: Cluster) -> None:
    """The scheduler is killed, and comes back at once."""
    process = d.start()
    d.busy(process, done=5)
    d.kills += kill(cluster.scheduler.pid)
    cluster.start_scheduler()
    if d.end(process):
        d.finish()


def runner(d: Disturbed, cluster: Cluster | None) -> None:
    """The runner is killed twice, and the next call begins at once."""
    for _ in range(2):
        process = d.start()
        d.busy(process, done=d.done() + 4)
        time.sleep(d.rng.uniform(0, 1))
        d.kills += kill(process.pid)
        d.end(process)
    d.finish()


def takeover(d: Disturbed, cluster: Cluster) -> None:
    """The runner is killed while a job of two minutes is under way; the next call disowns it, and the worker takes others at once."""
    (d.folder / "trouble").write_text("long row0/7")
    process = d.start()
    while not any(task.job == "row0/7" for task in d.busy(process)):
        time.sleep(0.02)
    d.kills += kill(process.pid)
    d.end(process)
    (d.folder / "trouble").unlink()
    began = time.monotonic()
    d.finish()
    d.sentences.append(f"the next call took {time.monotonic() - began:.0f} s")


def disk(d: Disturbed, cluster: Cluster | None) -> None:
    """The workspace's disk fills up; then there is room."""
    mounted(d, "-t", "tmpfs", "-o", "size=600k", "tmpfs")
    d.watch()
    d.end(d.start())
    assert "no space is left on the disk" in d.sentences[-1], d.sentences
    subprocess.run(["mount", "-o", "remount,size=400m", str(d.root)], check=True)
    d.finish()


def job(d: Disturbed, cluster: Cluster | None) -> None:
    """A job raises what is nobody's sentence; then it is mended."""
    (d.folder / "trouble").write_text("raise row2/3")
    d.end(d.start())
    (d.folder / "trouble").unlink()
    assert "logs/row2/3.log" in d.sentences[-1], d.sentences
    d.finish()


def gpu(d: Disturbed, cluster: Cluster) -> None:
    """A GPU falls off, so that the first tries of a job fail."""
    (d.folder / "trouble").write_text("gpu row1/3")
    process = d.start()
    while process.poll() is None and not (d.root / "logs" / "row1" / "3.log").exists():
        time.sleep(0.02)
    time.sleep(5)
    (d.folder / "trouble").unlink()
    if d.end(process):
        d.finish()


def network(d: Disturbed, cluster: Cluster) -> None:
    """A worker's network is cut while it makes a job; the workspace it still sees."""
    namespace = f"srfp{os.getpid()}"
    for line in (f"netns add {namespace}", f"link add {namespace}a type veth peer name {namespace}b netns {namespace}",
                 f"addr add 10.213.7.1/24 dev {namespace}a", f"link set {namespace}a up",
                 f"-n {namespace} addr add 10.213.7.2/24 dev {namespace}b", f"-n {namespace} link set {namespace}b up",
                 f"-n {namespace} link set lo up"):  # fmt: skip
        if subprocess.run(["ip", *line.split()], capture_output=True).returncode:
            raise LookupError("no network namespace with a device can be made here")
    d.left.callback(subprocess.run, ["ip", "netns", "del", namespace], check=False)
    far = cluster.worker_in(namespace, "10.213.7.1")
    process = d.start()
    while not [task for task in d.busy(process) if task.process == far.pid]:  # ip becomes the worker
        time.sleep(0.02)
        if process.poll() is not None:
            raise LookupError("the worker behind the network got no job in time")
    subprocess.run(["ip", "link", "set", f"{namespace}a", "down"], check=True)
    d.kills += 1
    if d.end(process):
        d.finish()


def locks(d: Disturbed, cluster: Cluster | None) -> None:
    """The kernel refuses locks, as an NFS without its lock server; then the record of the writer is lost too."""
    process = d.start(WITHOUT_LOCKS="1")
    d.busy(process, done=5)
    (d.root / ".writer").unlink()
    d.kills += 1
    d.end(process)
    d.finish(WITHOUT_LOCKS="1")


def filesystem(d: Disturbed, cluster: Cluster | None) -> None:
    """The workspace's file system goes away, with the lock in it, and comes back."""
    (d.folder / "real").mkdir()
    mounted(d, "--bind", str(d.folder / "real"))
    d.watch()
    process = d.start()
    d.busy(process, done=5)
    subprocess.run(["umount", "-l", str(d.root)], check=True)
    d.kills += 1
    d.end(process)
    shutil.rmtree(d.root)  # what was written in its place meanwhile
    d.root.mkdir()
    subprocess.run(["mount", "--bind", str(d.folder / "real"), str(d.root)], check=True)
    d.finish()


def slurm(d: Disturbed, cluster: Cluster | None) -> None:
    """Processes of Slurm steps are killed, up to ten of them."""
    if not os.environ.get("SLURM_JOB_ID"):
        raise LookupError("no Slurm allocation: salloc -n 4 python -m tests.faults.engines slurm")
    workers(d, cluster)  # type: ignore[arg-type]


def mounted(d: Disturbed, *what: str) -> None:
    d.root.mkdir()
    if subprocess.run(["mount", *what, str(d.root)], capture_output=True).returncode:
        raise LookupError("nothing can be mounted here without the rights of root")
    d.left.callback(subprocess.run, ["umount", "-l", str(d.root)], check=False, capture_output=True)


ON_DASK: dict[str, Callable[[Disturbed, Cluster], None]] = {
    "workers": workers, "scheduler": scheduler, "scheduler back": scheduler_back,
    "runner": runner, "takeover": takeover, "job": job, "gpu": gpu, "network": network,
}  # fmt: skip
ON_LOCAL: dict[str, Callable[[Disturbed, None], None]] = {
    "local runner": runner, "dask runner": runner, "local job": job, "disk": disk, "locks": locks, "file system": filesystem, "slurm": slurm,
}  # fmt: skip
ENGINE = {"dask runner": "dask", "slurm": "slurm"}  # of these; of the others this machine's processes


def try_case(name: str, study: str, folder: Path, expected: dict[str, str]) -> bool:
    """Run a case and print its row; whether nothing was lost, and nothing made twice."""
    folder.mkdir(parents=True)
    with ExitStack() as stack:
        if name in ON_DASK:
            cluster = stack.enter_context(Cluster(folder, 2 if name == "network" else 3))
            d, work = Disturbed(folder, study, "--engine", "dask", "--scheduler", cluster.address), ON_DASK[name]
        else:
            d, work, cluster = Disturbed(folder, study, "--engine", ENGINE.get(name, "local"), "--workers", "3"), ON_LOCAL[name], None
        stack.enter_context(d.left)
        try:
            if name not in ("disk", "file system"):  # they mount the workspace first
                d.watch()
            work(d, cluster)  # type: ignore[arg-type]
        except LookupError as reason:
            print(f"{name:<15} left out: {reason.args[0]}", flush=True)
            return True
        except (SystemExit, AssertionError) as broken:
            print(f"{name:<15} BROKE: {broken}", flush=True)
            return False
        d.witness.close()
        equal, left = tables(d.root) == expected, len(list((d.root / ".staging").glob("*")))
        good = equal and not d.witness.twice() and not d.witness.lost() and not left
        print(f"{name:<15} {d.kills:>6} {d.calls:>6} {d.witness.begun:>6} {sum(d.witness.committed.values()):>8} {d.witness.twice():>6} "
              f"{d.witness.lost():>5} {'equal' if equal else 'DIFFER':>7}  {'; '.join(d.sentences) or 'went on by itself'}", flush=True)  # fmt: skip
        return good


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("cases", nargs="*", metavar="CASE", help=", ".join((*ON_DASK, *ON_LOCAL)))
    parser.add_argument("--study", default="small", choices=STUDIES)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        undisturbed = Disturbed(Path(temporary), options.study, "--workers", "3")
        undisturbed.finish()
        expected = tables(undisturbed.root)
        print(f"undisturbed: {undisturbed.done()} jobs, {len(expected)} tables\n{HEAD}", flush=True)
        cases = options.cases or (*ON_DASK, *ON_LOCAL)
        results = [try_case(name, options.study, Path(temporary, f"{number}"), expected) for number, name in enumerate(cases)]
    return 0 if all(results) else 1


if __name__ == "__main__":
    sys.exit(main())
