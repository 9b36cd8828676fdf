"""Kill a run again and again at random moments: ``python -m tests.faults.kills [--profile demo] [--kills 20] [--reference W]``.

Runner and workers are killed with SIGKILL, the run is started again, and in the end its tables must have the bytes of an undisturbed
run's: those of the workspace W, or of one that is made first. Not part of `make test`.
"""

from __future__ import annotations

import argparse
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

HOME = Path(__file__).parents[2]
CHECKPOINTS = "[training]\ncheckpoint_every = 50\n[classifier]\ncheckpoint_every = 100\n"


def start(profile: Path, workspace: Path) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "srfp_lib", "run", "--profile", str(profile), "--workspace", str(workspace), "--workers", "2"]
    return subprocess.Popen(command, cwd=HOME, stderr=subprocess.DEVNULL, start_new_session=True)


def receipts(workspace: Path) -> int:
    return len(list((workspace / "receipts").rglob("*.json")))


def disturbed(profile: Path, workspace: Path, kills: int, longest: float) -> None:
    """Run to the end, killed as often as it takes; prints what each kill found."""
    rng = random.Random(1)
    for number in range(kills):
        process = start(profile, workspace)
        try:
            process.wait(timeout=rng.uniform(1, longest))
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            time.sleep(1)  # workers that outlived their runner notice it
            print(f"kill {number + 1}: {receipts(workspace)} receipts, {len(list((workspace / 'checkpoints').rglob('*.*')))} checkpoints", flush=True)
        else:
            print(f"ended by itself with {process.returncode} before kill {number + 1}", flush=True)
            break
    while (code := start(profile, workspace).wait()) != 0:
        raise SystemExit(f"the run after the kills ended with {code}")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--profile", default="demo")
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--longest", type=float, default=60, help="seconds between two kills, at most")
    parser.add_argument("--reference", type=Path, help="a finished workspace of the profile")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        profile = Path(folder, "kills.toml")
        profile.write_text(f'profile = "{options.profile}"\n{CHECKPOINTS}')
        reference = options.reference or Path(folder, "whole")
        if not options.reference and start(profile, reference).wait():
            raise SystemExit("the undisturbed run failed")
        workspace = Path(folder, "killed")
        disturbed(profile, workspace, options.kills, options.longest)
        names = sorted(path.name for path in (reference / "tables").glob("*.csv"))
        differ = [name for name in names if (workspace / "tables" / name).read_bytes() != (reference / "tables" / name).read_bytes()]
        print(f"{len(names)} tables, {len(differ)} differ {differ}; {len(list((workspace / '.staging').glob('*')))} folders left in .staging")
        return 1 if differ else 0


if __name__ == "__main__":
    sys.exit(main())
