"""Downloads that survive interruptions: a downloader for pooch that goes on where it stopped (range requests, RFC 9110)."""

from __future__ import annotations

import logging
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from .. import __version__

if TYPE_CHECKING:
    import requests

CHUNK = 2**16  # what a broken connection may cost


class DownloadError(Exception):
    """A download that did not come about; the message says why. ``.part`` keeps what came, unless it is of no use."""


class _TransientError(Exception):
    """Something that another attempt may mend."""


@dataclass(frozen=True)
class Patience:
    """How often a server is asked, how long is waited in between (doubled each time), and for an answer, in seconds."""

    attempts: int = 6
    pause: float = 1.0
    connect: float = 10.0
    read: float = 60.0


PATIENT = Patience()


def download(
    address: str,
    target: Path,
    *,
    sha256: str,
    largest: int,
    accept: Callable[[Path], None] = lambda _: None,
    patience: Patience = PATIENT,
    show: bool | None = None,
) -> None:
    """Bring an address to a file that is not there yet. It appears whole or not at all, and grows as ``target.part``.

    ``sha256`` may be empty; ``accept`` looks at the finished file first and may raise DownloadError. ``show`` draws a
    progress bar, None only on a terminal. Raises DownloadError.
    """
    import pooch

    part = target.with_name(target.name + ".part")

    def bring(url: str, output: str, _: object) -> None:
        _persist(url, part, largest, patience, show)
        try:
            accept(part)
        except DownloadError:
            _forget(part)
            raise
        os.replace(part, output)
        _forget(part)

    with _quiet(pooch.get_logger()):
        try:
            known = f"sha256:{sha256}" if sha256 else None
            pooch.retrieve(address, known_hash=known, fname=target.name, path=target.parent, downloader=bring)
        except ValueError:
            raise DownloadError(f"what {_host(address)} gives has another SHA-256 than {sha256[:16]}...") from None


def _persist(url: str, part: Path, largest: int, patience: Patience, show: bool | None) -> None:
    """Ask until the part is whole."""
    for attempt in range(patience.attempts):
        if attempt:
            time.sleep(patience.pause * 2 ** (attempt - 1))
        try:
            return _ask(url, part, largest, patience, show)
        except _TransientError as error:
            reason = error
    raise DownloadError(f"{_host(url)} was asked {patience.attempts} times: {reason}")


def _ask(url: str, part: Path, largest: int, patience: Patience, show: bool | None) -> None:
    """One request for what the part lacks."""
    import requests

    validator = _validator_of(part)
    have = part.stat().st_size if validator and part.exists() else 0
    headers = {"Accept-Encoding": "identity", "User-Agent": f"srfp_lib/{__version__}"}
    if have:
        # If-Range: the rest, if the file is still the one that was begun; the whole of it otherwise.
        headers |= {"Range": f"bytes={have}-", "If-Range": validator}
    try:
        with requests.get(url, headers=headers, stream=True, timeout=(patience.connect, patience.read)) as answer:
            start = _start(answer, part, have)
            _write(answer, part, start, largest, show)
    except (requests.ConnectionError, requests.Timeout, requests.exceptions.ChunkedEncodingError) as error:
        raise _TransientError(_plainly(error)) from None
    except requests.RequestException as error:
        raise DownloadError(f"'{url}' cannot be asked for ({type(error).__name__})") from None


def _start(answer: requests.Response, part: Path, have: int) -> int:
    """At which byte of the file an answer starts."""
    status = answer.status_code
    if status == 416 or status == 206 and not answer.headers.get("Content-Range", "").startswith(f"bytes {have}-"):
        _forget(part)
        raise _TransientError("it has no such part of the file")
    if status == 429 or status >= 500:
        raise _TransientError(f"it answers {status} {answer.reason}")
    if status not in (200, 206):
        raise DownloadError(f"{_host(answer.url)} answers {status} {answer.reason}")
    if answer.headers.get("Content-Type", "").startswith("text/html"):
        raise DownloadError(f"{_host(answer.url)} gives a web page instead of the file")
    return have if status == 206 else 0


def _write(answer: requests.Response, part: Path, start: int, largest: int, show: bool | None) -> None:
    from tqdm import tqdm

    size = int(answer.headers["Content-Length"]) + start if answer.headers.get("Content-Length", "").isdigit() else None
    etag = answer.headers.get("ETag", "")
    strong = etag if etag and not etag.startswith("W/") else answer.headers.get("Last-Modified", "")
    _sidecar(part).write_text(strong, encoding="utf-8")
    hidden = None if show is None else not show
    bar = tqdm(total=size, initial=start, unit="B", unit_scale=True, desc=part.stem, disable=hidden)
    with bar, part.open("r+b" if start else "wb") as file:
        file.seek(start)
        for chunk in answer.iter_content(CHUNK):
            if file.tell() + len(chunk) > largest:
                file.close()
                _forget(part)
                raise DownloadError(f"{_host(answer.url)} gives more than the {largest:,} bytes that can be right")
            file.write(chunk)
            bar.update(len(chunk))
        end = file.tell()
    if size is not None and end != size:
        raise _TransientError(f"{end:,} of {size:,} bytes came")


def _sidecar(part: Path) -> Path:
    return part.with_name(part.name + ".etag")


def _validator_of(part: Path) -> str:
    """What the server called the version of the file that was begun; without it there is no safe going on."""
    try:
        return _sidecar(part).read_text(encoding="utf-8").strip()
    except FileNotFoundError:
        return ""


def _forget(part: Path) -> None:
    part.unlink(missing_ok=True)
    _sidecar(part).unlink(missing_ok=True)


def _host(url: str) -> str:
    return urlsplit(url).netloc or url


def _plainly(error: Exception) -> str:
    """What went wrong with a connection, in a few words."""
    if "timed out" in str(error).lower():
        return "it fell silent"
    names = {"ChunkedEncodingError": "it broke off", "SSLError": "its certificate was refused"}
    return names.get(type(error).__name__, "no connection")


@contextmanager
def _quiet(logger: logging.Logger) -> Iterator[None]:
    """pooch tells every step; the caller says what matters."""
    level = logger.level
    logger.setLevel(logging.WARNING)
    try:
        yield
    finally:
        logger.setLevel(level)
