"""Downloads that resume where they stopped (range requests, RFC 9110), retry busy servers, and are verified."""

from __future__ import annotations

import hashlib
import os
import time
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, TypeVar

from ..common.errors import UserError
from ..common.files import one_writer

if TYPE_CHECKING:
    import requests

T = TypeVar("T")
Sleep = Callable[[float], None]
TRIES, LONGEST_WAIT, BLOCK = 6, 60.0, 1 << 16
TIMEOUT = (20, 60)  # seconds to connect, and between two blocks


class TemporaryError(Exception):
    """The server may answer later; ``wait`` is its Retry-After, in seconds."""

    def __init__(self, message: str, wait: float | None = None) -> None:
        super().__init__(message)
        self.wait = wait


class GoneError(Exception):
    """The address leads nowhere (any more)."""


def patiently(action: Callable[[], T], *, sleep: Sleep = time.sleep) -> T:
    """The result of an action, which is retried after 1, 2, 4, ... seconds while it raises TemporaryError."""
    attempt = 0
    while True:
        try:
            return action()
        except TemporaryError as error:
            attempt += 1
            if attempt == TRIES:
                raise UserError(f"{error}, {TRIES} times in a row: the same command goes on from here, try it later") from None
            wait = 2.0 ** (attempt - 1) if error.wait is None else error.wait
        sleep(min(wait, LONGEST_WAIT))


@contextmanager
def ask(session: requests.Session, address: str, *, accept: Sequence[int] = (), **arguments: Any) -> Generator[requests.Response]:
    """A streamed response. Raises GoneError, TemporaryError (also for failures while it is read), UserError."""
    import requests

    try:
        with session.get(address, stream=True, timeout=TIMEOUT, **arguments) as answer:
            status = answer.status_code
            if status in (404, 410):
                raise GoneError(f"{_short(address)} is gone (HTTP {status})")
            if status == 429 or status >= 500:
                wait = answer.headers.get("Retry-After", "").strip()  # a date is ignored: waits grow anyway
                raise TemporaryError(f"{_short(address)} answers HTTP {status}", float(wait) if wait.isdigit() else None)
            if status >= 400 and status not in accept:
                raise UserError(f"{_short(address)} answers HTTP {status}: open it in a browser, or choose another source")
            yield answer
    except (requests.ConnectionError, requests.Timeout, requests.exceptions.ChunkedEncodingError) as error:
        causes = {"ChunkedEncodingError": "broke off", "SSLError": "has a certificate that is refused"}
        cause = "fell silent" if "timed out" in str(error).lower() else causes.get(type(error).__name__, "cannot be reached")
        raise TemporaryError(f"{_short(address)} {cause}") from None
    except requests.RequestException as error:
        raise UserError(f"'{_short(address)}' cannot be asked for ({type(error).__name__}): correct the address") from None


def download(
    address: str | Sequence[str], target: Path, digest: str = "", *, most_bytes: int | None = None,
    remedy: str = "get it by hand and put it there", sleep: Sleep = time.sleep,
) -> Path:  # fmt: skip
    """Bring the file at an address, or at the first of several that works, whole and verified, to ``target``.

    digest: "sha256:..." or "md5:...", whole or the first digits; "" accepts any file. A file that has it already is left
    alone. A broken download resumes from `target.partial`. Raises UserError and then leaves ``target`` as it was.
    """
    if target.exists() and _has(target, digest):
        return target
    path, failures = target.with_name(f"{target.name}.partial"), []
    with one_writer(path, f"another process is writing '{path}': wait until it ends") as file:
        part = _Part(path, file)
        try:
            for source in [address] if isinstance(address, str) else address:
                try:
                    _bring(source, part, digest, most_bytes, sleep)
                    return path.replace(target)
                except (GoneError, UserError) as error:
                    failures.append(str(error))
        finally:
            part.tidy()
    raise UserError(f"'{target}' cannot be had ({'; '.join(failures)}): {remedy}")


class _Part:
    """The bytes of a file that have arrived, and in `.version` the server's name for this content, its ETag."""

    def __init__(self, path: Path, file: IO[bytes]) -> None:
        self.path, self.file = path, file
        self.version = path.with_name(f"{path.name}.version")

    def size(self) -> int:
        return self.file.seek(0, os.SEEK_END)

    def clear(self) -> None:
        self.file.truncate(0)
        self.version.unlink(missing_ok=True)

    def tidy(self) -> None:
        """Leave nothing beside a finished file, and no empty part."""
        if not self.size():
            self.path.unlink(missing_ok=True)
        if not self.path.exists():
            self.version.unlink(missing_ok=True)


def _bring(source: str, part: _Part, digest: str, most_bytes: int | None, sleep: Sleep) -> None:
    """Complete the part. Raises GoneError and UserError."""
    import requests

    resumed = part.size() > 0
    with requests.Session() as session:
        patiently(lambda: _append(session, source, part, digest, most_bytes), sleep=sleep)
    part.file.flush()
    os.fsync(part.file.fileno())
    if _has(part.path, digest):
        return
    part.clear()
    if not resumed:
        raise UserError(f"{_short(source)} is another file than the one with {digest[:23]}...")
    _bring(source, part, digest, most_bytes, sleep)  # the part may have been another file's


def _append(session: requests.Session, url: str, part: _Part, digest: str, most_bytes: int | None) -> None:
    """One request for the missing bytes."""
    version = part.version.read_text(encoding="utf-8") if part.version.exists() else ""
    if not (version or digest):  # resuming could mix two files unnoticed
        part.clear()
    start = part.size()
    headers = {"Accept-Encoding": "identity"}
    if start:
        # If-Range: the rest if the file is still the same, else all of it.
        headers |= {"Range": f"bytes={start}-"} | ({"If-Range": version} if version else {})
    with ask(session, url, accept=(416,), headers=headers) as answer:
        status, place = answer.status_code, answer.headers.get("Content-Range", "")
        if status == 416 and place == f"bytes */{start}":
            return  # nothing is missing
        if status == 416 or status == 206 and not place.startswith(f"bytes {start}-"):
            part.clear()
            raise TemporaryError(f"{_short(url)} has no such part of the file", 0)
        if answer.headers.get("Content-Type", "").startswith("text/html"):
            raise UserError(f"{_short(url)} is a web page instead of the file: open it in a browser")
        if status != 206:
            part.clear()
        etag = answer.headers.get("ETag", "W/")  # a weak one (W/) does not identify the content
        if name := answer.headers.get("Last-Modified", "") if etag.startswith("W/") else etag:
            part.version.write_text(name, encoding="utf-8")
        _write(answer, part, most_bytes)


def _write(answer: requests.Response, part: _Part, most_bytes: int | None) -> None:
    """Append the body of a response. Raises TemporaryError if it is cut short, UserError if it is too long."""
    from tqdm import tqdm  # pyrefly: ignore[untyped-import]  (it has no type stubs)

    start, length = part.size(), answer.headers.get("Content-Length", "")
    size = start + int(length) if length.isdigit() else None
    with tqdm(total=size, initial=start, unit="B", unit_scale=True, desc=part.path.stem, leave=False, disable=None) as bar:
        for block in answer.iter_content(BLOCK):
            part.file.write(block)
            bar.update(len(block))
            if most_bytes is not None and part.file.tell() > most_bytes:
                part.clear()
                raise UserError(f"{_short(answer.url)} has more than the {most_bytes:,} bytes that can be right: choose another source")
    if size is not None and part.size() != size:
        raise TemporaryError(f"{_short(answer.url)} sent {part.size():,} of {size:,} bytes")


def _has(path: Path, digest: str) -> bool:
    kind, _, digits = digest.partition(":")
    with path.open("rb") as file:
        return not digits or hashlib.file_digest(file, kind).hexdigest().startswith(digits.lower())


def _short(address: str) -> str:
    """The address without its query, which may hold a key."""
    return address.split("?")[0]
