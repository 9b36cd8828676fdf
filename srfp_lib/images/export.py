"""The images of a workspace as PNG files, in the layout of the authors' release."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from ..common.errors import UserError
from .arrays import save_png
from .store import Images


def write(images: Images, networks: Iterable[str], splits: Iterable[Path], folder: Path) -> None:
    """Write the images of networks and copies of split files into a new folder, which appears when all are written.

    Raises UserError if the folder is there already.
    """
    if os.path.lexists(folder):
        raise UserError(f"'{folder}' is there already: delete it, or name another folder with --into")
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder.parent, prefix=f".{folder.name}.") as place, ThreadPoolExecutor() as pool:
        draft = Path(place, "draft")
        draft.mkdir()
        for split in splits:
            shutil.copyfile(split, draft / split.name)
        for network in networks:
            (draft / network).mkdir()
            files = [draft / network / f"{name}.png" for name in images.names]
            list(pool.map(lambda i, file, of=network: save_png(images.image((of, i)), file), range(len(files)), files))
        draft.rename(folder)
