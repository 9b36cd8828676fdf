"""The same relative paths from several folders: ``python -m tests.faults.folders``.

From `/`, from the notebooks' folder and from a folder with a `weights` and a `w` of its own: run, papermill, book, status and release
must mean one workspace each, with the same tables, and leave nothing elsewhere. Some minutes; not part of `make test`.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path

from tests.release import folder as release_folder

HOME = Path(__file__).parents[2]
TEXT = 'profile = "smoke"\nname = "folders"\n[published]\nweights_dir = "weights"\n'


def call(folder: Path, *arguments: str, code: int = 0) -> str:
    environment = os.environ | {"PYTHONPATH": str(HOME)}
    done = subprocess.run([sys.executable, *arguments], cwd=folder, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == code, f"in {folder}: {' '.join(arguments)} ended with {done.returncode}\n{done.stderr[-1500:]}"
    return done.stdout + done.stderr


def tables(workspace: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in (workspace / "tables").glob("*.csv")}


def main() -> int:
    with tempfile.TemporaryDirectory() as temporary:
        root = Path(temporary)
        own = root / "own"
        for place in (own / "weights", own / "w", own / "deep"):
            place.mkdir(parents=True)
        (root / "weights").mkdir()
        (root / "p.toml").write_text(TEXT)
        release_folder.make(root / "SISR")
        seen = set(HOME.iterdir()) | set((HOME / "notebooks").iterdir())
        for folder in (own / "deep", HOME / "notebooks", Path("/")):
            relative = lambda path, folder=folder: os.path.relpath(path, folder)  # noqa: E731
            workspace = root / "study"
            call(folder, "-m", "srfp_lib", "run", "--profile", relative(root / "p.toml"), "--workspace", relative(workspace))
            first = tables(workspace)
            assert len(first) > 15, sorted(first)
            source = relative(HOME / "notebooks" / "07_attribution.ipynb")
            papermill = ["-m", "papermill", source, str(root / "out.ipynb"), "-p", "workspace", relative(workspace), "--no-progress-bar"]
            call(folder, *papermill)
            assert "done" in call(folder, "-m", "srfp_lib", "status", "--workspace", relative(workspace))
            page = call(folder, "-m", "srfp_lib", "book", "--workspace", relative(workspace)).strip().splitlines()[-1]
            assert Path(page).is_file() and Path(page).resolve().is_relative_to(workspace.resolve()), page
            assert tables(workspace) == first and not list((own / "weights").iterdir()) and not list((own / "w").iterdir())
            taken = root / "taken"
            call(folder, "-m", "srfp_lib", "release", relative(root / "SISR"), "--workspace", relative(taken), "--profile", "smoke")
            call(folder, "-m", "srfp_lib", "run", "--workspace", relative(taken), "--chapters", "05")
            assert list(tables(taken)) == ["quality.csv"] and not (taken / "networks").exists()
            print(f"ok   from {folder}: {len(first)} tables, and the authors' images", flush=True)
        assert set(HOME.iterdir()) | set((HOME / "notebooks").iterdir()) == seen, "something was left in the checkout"
        moved = root / "moved"
        (root / "study").rename(moved)
        assert "missing" not in call(root, "-m", "srfp_lib", "status", "--workspace", "moved")
        print("ok   a workspace that was moved still opens")
    return 0


if __name__ == "__main__":
    sys.exit(main())
