"""Requests to Flickr (https://www.flickr.com/services/api/): licences, search, camera, and the file of a photograph.

Requests keep an interval that stays below Flickr's 3,600 an hour. `downloads.patiently` retries them rather than urllib3's Retry,
because Flickr also reports temporary failures inside answers with status 200.
"""

from __future__ import annotations

import json
import os
import re
import time
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

from ...common.errors import UserError
from ...fetching.downloads import BLOCK, GoneError, Sleep, TemporaryError, ask, patiently

ADDRESS = "https://api.flickr.com/services/rest/"
OURS = re.compile(r"https://([\w-]+\.)*(static)?flickr\.com/")  # addresses of photographs
PER_PAGE = 250
EXTRAS = "license,owner_name,o_dims,url_o,url_6k,url_5k,url_4k,url_3k,url_k,url_h"
PASSING = {0, 10, 105, 106}  # error codes of temporary failures
NOT_FOUND, NOT_ALLOWED, INVALID_KEY = 1, 2, 100
MOST_BYTES = 200_000_000  # of a photograph


class FlickrError(Exception):
    """An error code from Flickr; its meaning depends on the method."""

    def __init__(self, code: int, message: str) -> None:
        super().__init__(message)
        self.code = code


def key_from_environment() -> str:
    """The API key in FLICKR_API_KEY. Raises UserError if there is none."""
    if key := os.environ.get("FLICKR_API_KEY", "").strip():
        return key
    raise UserError("the environment variable FLICKR_API_KEY is not set: make a key at https://www.flickr.com/services/api/keys/ and export it")


class Flickr:
    """A polite client: ``interval`` seconds between requests, retries with growing waits."""

    def __init__(
        self, key: str, *, address: str = ADDRESS, interval: float = 1.1, sleep: Sleep = time.sleep,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:  # fmt: skip
        import requests

        self.key, self.address, self.interval, self.sleep, self.clock = key, address, interval, sleep, clock
        self.session = requests.Session()
        self._next = 0.0

    def licences(self) -> dict[str, tuple[str, str]]:
        """Flickr's number of each licence -> (`licence_code`, address)."""
        found = self.call("flickr.photos.licenses.getInfo", "licenses")["license"]
        return {str(row["id"]): (licence_code(row["url"]), row["url"]) for row in found}

    def search(self, tag: str, page: int, licences: list[str]) -> tuple[list[dict[str, Any]], int]:
        """One page (from 1) of the results for a tag, and the number of pages."""
        found = self.call(
            "flickr.photos.search", "photos", tags=tag, license=",".join(licences), page=page, per_page=PER_PAGE, extras=EXTRAS,
            sort="relevance", media="photos", content_types=0, safe_search=1,
        )  # fmt: skip
        return [photo for photo in found["photo"] if isinstance(photo, dict)], int(found["pages"])

    def camera(self, photo_id: str) -> str:
        """The camera, "" if the owner hides it. Raises GoneError and UserError."""
        try:
            found = self.call("flickr.photos.getExif", "photo", photo_id=photo_id)
            return " ".join(str(found.get("camera") or "").split())
        except FlickrError as error:
            if error.code == NOT_FOUND:
                raise GoneError(f"photograph {photo_id} is gone") from None
            if error.code == NOT_ALLOWED:
                return ""
            raise UserError(f"Flickr does not tell the camera of photograph {photo_id} ({error}): try the same command later") from None

    def check(self, address: str) -> None:
        """Raises UserError unless an address is Flickr's own, or on the server of the API."""
        server = "{0.scheme}://{0.netloc}/".format(urlsplit(self.address))
        if not OURS.match(address) and not address.startswith(server):
            raise UserError(f"the address '{address[:100]}' is none of Flickr's (https://...staticflickr.com/...): restore the list as it was made")

    def photograph(self, address: str) -> bytes:
        """The file at an address of Flickr's. Raises GoneError and UserError."""
        self.check(address)
        return patiently(lambda: self._get(address, {}), sleep=self.sleep)

    def call(self, method: str, part: str, **arguments: Any) -> dict[str, Any]:
        """One part of a method's answer. Raises FlickrError, and UserError for an invalid key or a silent server."""
        fields = {"method": method, "api_key": self.key, "format": "json", "nojsoncallback": 1, **arguments}

        def once() -> dict[str, Any]:
            try:
                found = json.loads(self._get(self.address, fields))
                code = 0 if found.get("stat") == "ok" else int(found["code"])
            except (ValueError, KeyError, AttributeError, TypeError):
                raise TemporaryError(f"{method} answers no JSON of the known form") from None
            if code in PASSING and part not in found:
                raise TemporaryError(f"{method} is not available ({found.get('message')})")
            if code == INVALID_KEY:
                raise UserError("Flickr does not know the key in FLICKR_API_KEY: see https://www.flickr.com/services/api/keys/ and export it again")
            if code:
                raise FlickrError(code, f"{method}: {found.get('message')}")
            return found[part]

        return patiently(once, sleep=self.sleep)

    def _get(self, address: str, parameters: dict[str, Any]) -> bytes:
        now = self.clock()
        if now < self._next:
            self.sleep(self._next - now)
        self._next = max(now, self._next) + self.interval
        with ask(self.session, address, params=parameters) as answer:
            if "photo_unavailable" in answer.url:  # Flickr redirects deleted photographs there
                raise GoneError("the photograph is no longer available")
            content = bytearray()
            for block in answer.iter_content(BLOCK):
                content += block
                if len(content) > MOST_BYTES:
                    raise GoneError(f"the photograph has more than {MOST_BYTES:,} bytes")
            return bytes(content)


def licence_code(address: str) -> str:
    """The short name of a licence (by, by-sa, ..., zero, mark, usgov) from its address, "" for all others.

    >>> [licence_code(f"https://creativecommons.org/{name}/2.0/") for name in ("licenses/by-nc-sa", "publicdomain/zero")]
    ['by-nc-sa', 'zero']
    """
    found = re.search(r"creativecommons\.org/[^/]+/([^/]+)|usa\.gov", address)
    return (found[1] or "usgov") if found else ""
