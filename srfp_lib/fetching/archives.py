"""Archives of strangers: unpacked whole or not at all, never outside their folder."""

from __future__ import annotations

import lzma
import os
import shutil
import stat
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path, PurePosixPath
from typing import Any

from ..common.errors import UserError

Place = Callable[[str], str | None]
MOST_FILES, BLOCK = 100_000, 1 << 16
_DAMAGED = (
    zipfile.BadZipFile, tarfile.TarError, lzma.LZMAError, zlib.error, EOFError, RuntimeError, ValueError,
    FileExistsError, NotADirectoryError,
)  # fmt: skip


def unpack(archive: Path, folder: Path, *, place: Place = lambda name: name, most_bytes: int | None = None) -> None:
    """Unpack a .zip or .tar archive into a new folder, all or nothing; ``place(name)`` is where a file goes, None skips it.

    Raises UserError for names that lead out of the folder, links and devices, more than ``most_bytes`` in all (default: 20
    times the archive's size, as photographs hardly shrink) or 100,000 files, and for damaged archives.
    """
    if folder.exists():
        raise UserError(f"'{folder}' exists already: delete or rename it, and the same command unpacks '{archive.name}' there")
    most = 20 * archive.stat().st_size if most_bytes is None else most_bytes
    staging = folder.with_name(f".{folder.name}.{os.getpid()}.partial")
    try:
        _write_members(archive, staging, place, most)
        staging.rename(folder)
    except _DAMAGED as error:
        raise UserError(f"'{archive}' is damaged or no archive ({error}): delete it, and the same command fetches it again") from None
    finally:
        shutil.rmtree(staging, ignore_errors=True)


def _write_members(archive: Path, staging: Path, place: Place, most: int) -> None:
    staging.mkdir(parents=True)
    files = size = 0
    for name, is_file, opened in _members(archive):
        path = PurePosixPath(name.replace("\\", "/"))
        if not is_file or path.is_absolute() or ".." in path.parts or ":" in name:
            raise UserError(f"'{archive}' holds '{name}', a link or a name that leads out of the folder: do not use this archive")
        if (chosen := place(path.as_posix())) is None:
            continue
        target = staging / chosen
        target.parent.mkdir(parents=True, exist_ok=True)
        with opened() as source, target.open("xb") as file:
            while block := source.read(BLOCK):
                size += file.write(block)
                if size > most:
                    raise UserError(f"'{archive}' unpacks to more than {most:,} bytes: do not use this archive")
        files += 1
        if files > MOST_FILES:
            raise UserError(f"'{archive}' holds more than {MOST_FILES:,} files: do not use this archive")


def _members(archive: Path) -> Iterator[tuple[str, bool, Callable[[], Any]]]:
    """Name, whether it is a plain file, and how to open it, of everything but folders."""
    if zipfile.is_zipfile(archive):
        with zipfile.ZipFile(archive) as packed:
            for info in packed.infolist():
                if not info.is_dir():
                    yield info.filename, not stat.S_ISLNK(info.external_attr >> 16), lambda info=info: packed.open(info)
    else:
        with tarfile.open(archive) as packed:
            for member in packed:
                if not member.isdir():
                    yield member.name, member.isfile(), lambda member=member: packed.extractfile(member)
