"""Downloads that resume, verify and try again; archives that are unpacked as a whole or not at all."""

from __future__ import annotations

import fcntl
import lzma
import os
import shutil
import stat
import tarfile
import time
import zipfile
import zlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import IO, TYPE_CHECKING, Any, TypeVar

from ..errors import UserError

if TYPE_CHECKING:
    import requests

T = TypeVar("T")
Sleep = Callable[[float], None]
Place = Callable[[str], str | None]
TRIES, LONGEST_WAIT, BLOCK = 6, 60.0, 1 << 16
TIMEOUT = (20, 60)  # seconds to connect, and between two blocks
MOST_FILES = 100_000

_DAMAGED = (
    zipfile.BadZipFile, tarfile.TarError, lzma.LZMAError, zlib.error, EOFError, RuntimeError, ValueError,
    FileExistsError, NotADirectoryError,
)  # fmt: skip


class TemporaryError(Exception):
    """The server may answer if asked again; ``wait`` is what it asked for, in seconds."""

    def __init__(self, message: str, wait: float | None = None) -> None:
        super().__init__(message)
        self.wait = wait


class GoneError(Exception):
    """What was asked for is not there (any more)."""


def patiently(action: Callable[[], T], *, sleep: Sleep = time.sleep) -> T:
    """What the action returns; while it raises TemporaryError it is tried again after 1, 2, 4, ... seconds."""
    for attempt in range(TRIES):
        try:
            return action()
        except TemporaryError as error:
            last = error
        if attempt < TRIES - 1:
            sleep(min(last.wait if last.wait is not None else 2.0**attempt, LONGEST_WAIT))
    raise UserError(f"{last}, {TRIES} times in a row: the same command goes on from here, try it later")


@contextmanager
def ask(session: requests.Session, address: str, *, accept: Sequence[int] = (), **arguments: Any) -> Iterator[requests.Response]:
    """A streamed answer. Raises GoneError, TemporaryError (for failures while reading it too), UserError."""
    import requests

    try:
        with session.get(address, stream=True, timeout=TIMEOUT, **arguments) as answer:
            status = answer.status_code
            if status in (404, 410):
                raise GoneError(f"{_short(address)} is gone (HTTP {status})")
            if status == 429 or status >= 500:
                raise TemporaryError(f"{_short(address)} answers HTTP {status}", _seconds(answer.headers.get("Retry-After")))
            if status >= 400 and status not in accept:
                raise UserError(f"{_short(address)} answers HTTP {status}: open it in a browser, or choose another source")
            yield answer
    except (requests.exceptions.InvalidSchema, requests.exceptions.MissingSchema, requests.exceptions.InvalidURL):
        raise UserError(f"'{address}' is no address of the form https://...: correct it") from None
    except requests.RequestException as error:
        raise TemporaryError(f"{_short(address)} cannot be reached or broke off ({type(error).__name__})") from None


def download(
    address: str | Sequence[str], target: Path, sha256: str | None = None, *, md5: str | None = None,
    most_bytes: int | None = None, sleep: Sleep = time.sleep,
) -> Path:  # fmt: skip
    """The file behind an address, or behind the first of several that works, as a whole and verified, at ``target``.

    A file that is there and has the digest is left alone. A broken download is continued from `target.partial`. Raises
    UserError, and then ``target`` is as it was.
    """
    kind, digest = ("sha256", sha256) if sha256 else ("md5", md5)
    if target.exists() and _is(target, kind, digest):
        return target
    target.parent.mkdir(parents=True, exist_ok=True)
    partial, failures = target.with_name(f"{target.name}.partial"), []
    for source in [address] if isinstance(address, str) else address:
        for begun in (partial.exists(), False):
            try:
                _Resuming(partial, most_bytes, sleep).fetch(source)
            except (GoneError, UserError) as error:
                failures.append(str(error))
                break
            if _is(partial, kind, digest):
                return partial.replace(target)
            partial.unlink()
            if not begun:  # otherwise the part that was there may have been another file's: once more from the start
                failures.append(f"{_short(source)} is another file than the one with {kind} {digest}")
                break
    raise UserError(f"{target.name} cannot be had ({'; '.join(failures)}): get it by hand and put it at '{target}'")


def _is(path: Path, kind: str, digest: str | None) -> bool:
    import pooch

    return digest is None or pooch.file_hash(str(path), alg=kind) == digest.lower()


class _Resuming:
    """Appends to a partial file, across tries and across processes."""

    def __init__(self, partial: Path, most_bytes: int | None, sleep: Sleep) -> None:
        self.partial, self.most_bytes, self.sleep = partial, most_bytes, sleep
        self.version = partial.with_name(f"{partial.name}.version")  # the server's name for the content begun

    def fetch(self, url: str) -> None:
        """The whole file, in the partial one. Raises GoneError and UserError."""
        import requests

        with requests.Session() as session, self.partial.open("ab") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise UserError(f"another process is writing '{self.partial}': wait until it ends") from None
            patiently(lambda: self._append(session, url, file), sleep=self.sleep)
            os.fsync(file.fileno())
        self.version.unlink(missing_ok=True)

    def _append(self, session: requests.Session, url: str, file: IO[bytes]) -> None:
        start = file.seek(0, os.SEEK_END)
        with ask(session, url, accept=(416,), headers=self._headers(start)) as answer:
            place = answer.headers.get("Content-Range", "")
            if answer.status_code == 416 and place == f"bytes */{start}":
                return  # it was whole already
            if answer.status_code == 416 or (answer.status_code == 206 and not place.startswith(f"bytes {start}-")):
                file.truncate(0)
                raise TemporaryError(f"{_short(url)} cannot continue the file begun", 0)
            if answer.status_code != 206:
                file.truncate(0)
            self._note_version(answer)
            for block in answer.iter_content(BLOCK):
                file.write(block)
                if self.most_bytes is not None and file.tell() > self.most_bytes:
                    file.truncate(0)
                    raise UserError(f"{_short(url)} is larger than {self.most_bytes:,} bytes: it is not the file meant")
            file.flush()

    def _headers(self, start: int) -> dict[str, str]:
        headers = {"Accept-Encoding": "identity"}
        if start:
            headers["Range"] = f"bytes={start}-"
            if self.version.exists():
                headers["If-Range"] = self.version.read_text(encoding="utf-8")
        return headers

    def _note_version(self, answer: requests.Response) -> None:
        name = answer.headers.get("ETag") or answer.headers.get("Last-Modified") or "W/"
        if name.startswith("W/"):  # a weak name does not tell one content from another
            self.version.unlink(missing_ok=True)
        else:
            self.version.write_text(name, encoding="utf-8")


def unpack(archive: Path, folder: Path, *, place: Place = lambda name: name, most_bytes: int | None = None) -> None:
    """The files of a .zip or .tar archive in a new folder, all or none, each where ``place(name)`` says; None leaves it out.

    Refused with UserError: names that lead out of the folder, links and devices, more than ``most_bytes`` in all (20 times
    the archive's size, unless given: photographs hardly shrink) or 100,000 files.
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
                file.write(block)
                size += len(block)
                if size > most:
                    raise UserError(f"'{archive}' unpacks to more than {most:,} bytes: do not use this archive")
        files += 1
        if files > MOST_FILES:
            raise UserError(f"'{archive}' holds more than {MOST_FILES:,} files: do not use this archive")


def _members(archive: Path) -> Iterator[tuple[str, bool, Callable[[], Any]]]:
    """Name, whether it is a plain file, and how to open it; folders are left out."""
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


def write_whole(path: Path, content: bytes) -> None:
    """Write a file as a whole or not at all: temporary name, fsync, rename."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f".{path.name}.{os.getpid()}.partial")
    try:
        with partial.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)


def _seconds(retry_after: str | None) -> float | None:
    """The header as seconds; a date is as good as no header, for the wait grows anyway."""
    return float(retry_after) if retry_after and retry_after.strip().isdigit() else None


def _short(address: str) -> str:
    """The address without its query, which may hold a key."""
    return address.split("?")[0]
