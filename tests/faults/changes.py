"""Change one setting at a time in a finished workspace and compare with a fresh one: ``python -m tests.faults.changes [CHANGE ...]``.

Everything happens in a copy of the checkout, at a size below smoke, with checkpoints. For each change it prints how many jobs
were made again, how many had to be (their key changed), and whether every output but the executed notebooks has the bytes of
a fresh run. A quarter of an hour on two idle cores; not part of `make test`.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import timm
import torch
from safetensors.torch import save_file

HOME = Path(__file__).parents[2]
BACKBONE = "test_resnet.r160_in1k"  # the smallest of timm's
PROFILE = f"""profile = "smoke"
name = "changes"
master_seed = {{seed}}
[photographs]
dead_leaves = {{dead_leaves}}
[training]
steps = {{steps}}
stacked = {{stacked}}
start_from_l1 = {{stacked}}
checkpoint_every = 2
[classifier]
backbones = ["small_plain", "{BACKBONE}"]
controls = ["known-offset", "colour-alone"]
runs = {{runs}}
checkpoint_every = 4
[parsers]
shared_trunk = {{shared_trunk}}
[published]
weights_dir = "weights"
"""
PLAIN = {"seed": 1, "dead_leaves": 1, "steps": 4, "stacked": "true", "runs": 2, "shared_trunk": "true"}


class Checkout:
    """A copy of the checkout with a profile, a backbone's file and, perhaps, a library of another version."""

    def __init__(self, root: Path) -> None:
        self.root = root
        ignored = shutil.ignore_patterns(".git", ".venv", "runs", "weights", "__pycache__")
        shutil.copytree(HOME, root, ignore=ignored)
        (root / "early").mkdir()
        self.set()
        self.backbone(1)

    def set(self, **changed: object) -> None:
        (self.root / "p.toml").write_text(PROFILE.format(**PLAIN | changed))

    def backbone(self, seed: int) -> None:
        torch.manual_seed(seed)
        folder = self.root / "weights" / "backbones"
        folder.mkdir(parents=True, exist_ok=True)
        save_file(timm.create_model(BACKBONE, pretrained=False).state_dict(), folder / f"{BACKBONE}.safetensors")

    def edit(self, file: str, old: str, new: str) -> None:
        path = self.root / file
        text = path.read_text()
        assert old in text, f"{file} has no '{old}'"
        path.write_text(text.replace(old, new, 1))

    def library(self, name: str, version: str) -> None:
        folder = self.root / "early" / f"{name}-{version}.dist-info"
        folder.mkdir()
        (folder / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")

    def call(self, *arguments: str) -> str:
        environment = os.environ | {"PYTHONPATH": f"{self.root / 'early'}{os.pathsep}{self.root}"}
        command = [sys.executable, "-m", "srfp_lib", *arguments]
        done = subprocess.run(command, cwd=self.root, env=environment, capture_output=True, text=True, check=False)
        if done.returncode:
            raise SystemExit(f"{' '.join(arguments)} ended with {done.returncode}:\n{done.stderr[-2000:]}")
        return done.stdout + done.stderr

    def run(self, workspace: Path) -> int:
        """Run the study; returns how many jobs were made."""
        return self.call("run", "--profile", "p.toml", "--workspace", str(workspace)).count("· done ")


# Networks that start from their L1 twin are trained with it, so both fields change.
CHANGES: dict[str, Callable[[Checkout], None]] = {
    "photographs": lambda c: c.set(dead_leaves=2),
    "seed": lambda c: c.set(seed=2),
    "steps": lambda c: c.set(steps=6),
    "runs": lambda c: c.set(runs=1),
    "shared trunk": lambda c: c.set(shared_trunk="false"),
    "stacked": lambda c: c.set(stacked="false"),
    "backbone's file": lambda c: c.backbone(2),
    "table of the paper": lambda c: c.edit("data/paper/table_3.csv", "0.954,0.007", "0.955,0.007"),
    "library's version": lambda c: c.library("timm", "99.0"),
    "package's version": lambda c: c.edit("srfp_lib/__init__.py", "1.0.0", "9.9.9"),
}


def keys(workspace: Path) -> dict[str, str]:
    """The key of every receipt."""
    receipts = (json.loads(path.read_text()) for path in (workspace / "receipts").rglob("*.json"))
    return {receipt["job"]: receipt["key"] for receipt in receipts}


def outputs(workspace: Path, jobs: set[str]) -> dict[str, str]:
    """The digest of every output of some jobs, executed notebooks excepted: they say when they ran."""
    receipts = (json.loads((workspace / "receipts" / f"{job}.json").read_text()) for job in jobs)
    return {path: about["sha256"] for r in receipts for path, about in r["outputs"].items() if not path.endswith(".ipynb")}


def try_change(name: str, finished: Path, place: Path) -> bool:
    """Make a change in a copy of the finished workspace and in a fresh one; print and return whether they agree."""
    checkout = Checkout(place / "checkout")
    changed, fresh = place / "changed", place / "fresh"
    shutil.copytree(finished, changed, symlinks=True)
    before = keys(changed)
    CHANGES[name](checkout)
    made = checkout.run(changed)
    checkout.run(fresh)
    after = keys(fresh)
    due = [job for job, key in after.items() if before.get(job) != key]
    ours, theirs = outputs(changed, set(after)), outputs(fresh, set(after))
    differ = [path for path, digest in theirs.items() if ours.get(path) != digest]
    status = checkout.call("status", "--profile", "p.toml", "--workspace", str(changed))
    told = [line for line in status.splitlines() if "were made with" in line]
    good = not differ and made == len(due)
    print(f"{'ok  ' if good else 'BAD '} {name}: {made} of {len(after)} jobs made, {len(due)} were due; {len(differ)} of {len(theirs)} outputs differ"
          + "".join(f"\n     {line}" for line in [*differ[:5], *told]), flush=True)  # fmt: skip
    return good


def main() -> int:
    chosen = sys.argv[1:] or list(CHANGES)
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        print(f"the finished workspace: {Checkout(root / 'first').run(root / 'finished')} jobs", flush=True)
        results = []
        for number, name in enumerate(chosen):
            place = root / str(number)
            place.mkdir()
            results.append(try_change(name, root / "finished", place))
            shutil.rmtree(place)
    return 0 if all(results) else 1


if __name__ == "__main__":
    sys.exit(main())
