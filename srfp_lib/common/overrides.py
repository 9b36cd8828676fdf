"""Frozen settings that a TOML file overrides: every field has a rule, and whatever breaks it is one sentence.

The sentence names the file, the section, the field, the value and what is allowed.
"""

from __future__ import annotations

import math
import tomllib
import types
import typing
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, is_dataclass, replace
from pathlib import Path
from typing import Any

from .checkout import absolute
from .errors import UserError


@dataclass(frozen=True)
class Rule:
    """What a field may hold: one of the words ``of``; a number from ``least`` to ``most``, a multiple of ``step``; or, with
    ``place``, a path (words in ``of`` are not paths). The rule of a tuple is that of each item; ``count`` is its least length.
    """

    of: tuple[str, ...] = ()
    least: float = 0
    most: float = math.inf
    step: int = 1
    place: bool = False
    count: int = 0

    def broken(self, value: Any) -> str:
        """What is allowed, if the value is not; else empty.

        >>> Rule(least=4, step=4).broken(6), Rule(of=("round", "authors")).broken("floor")
        ('must be a multiple of 4, from 4 up', 'must be one of round, authors')
        """
        if isinstance(value, tuple):
            if len(value) < self.count:
                return f"needs {self.count} or more values"
            return next(filter(None, map(self.broken, value)), "")
        if isinstance(value, str):
            if self.place:
                return "" if value.strip() or value in self.of else " or ".join(("must be a path", *self.of))
            return f"must be one of {', '.join(self.of)}" if self.of and value not in self.of else ""
        if isinstance(value, int) and abs(value) > 2**63:
            return "is too large"
        if isinstance(value, bool) or value is None:
            return ""
        if math.isfinite(value) and self.least <= value <= self.most and (isinstance(value, float) or value % self.step == 0):
            return ""
        multiple = f"a multiple of {self.step}, " if self.step > 1 else ""
        return f"must be {multiple}from {self.least:g} {'up' if math.isinf(self.most) else f'to {self.most:g}'}"


def setting(default: Any, meaning: str, label: str = "", **rule: Any) -> Any:
    """A field with its meaning, its `Rule` and, where the paper leaves it open, the label of its entry on the page of choices."""
    return field(default=default, metadata={"meaning": meaning, "label": label, "rule": Rule(**rule)})


def from_file(path: Path, bases: Mapping[str, Any]) -> Any:
    """The settings in a TOML file, whose ``profile`` names its base. Paths in it are relative to the file. Raises UserError."""
    try:
        settings = tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except FileNotFoundError:
        raise UserError(f"the profile file '{path}' does not exist: name a .toml file") from None
    except (OSError, ValueError, RecursionError) as error:
        raise UserError(f"the profile file '{path}' cannot be read as TOML ({error}): mend or replace it") from None
    base = settings.pop("profile", None)
    if not isinstance(base, str) or base not in bases:
        raise UserError(f"'{path}' must name its base as profile = \"...\", one of {', '.join(bases)}; it has {base!r}")
    _name_source(settings, path)
    if own := [key for key in ("base", "file") if key in settings]:
        raise UserError(f"{path}: '{own[0]}' is no field of a file: leave it out")
    settings |= {"name": settings.get("name", path.stem), "base": base, "file": str(path)}
    if isinstance(settings["name"], str):
        settings["name"] = unicodedata.normalize("NFC", settings["name"])
    return override(bases[base], settings, where=str(path), folder=path.absolute().parent)


def _name_source(settings: dict[str, Any], path: Path) -> None:
    """Move ``photos`` to where it belongs, ``source`` of ``photographs``."""
    if "photos" not in settings:
        return
    section = settings.setdefault("photographs", {})
    if not isinstance(section, dict):
        raise UserError(f"{path}: 'photographs' is a table of fields, [photographs], and not {section!r}")
    if "source" in section:
        raise UserError(f"{path}: photos is short for source in [photographs], and both are given: leave one out")
    section["source"] = settings.pop("photos")


def override(section: Any, changes: Mapping[str, Any], *, where: str, folder: Path) -> Any:
    """A copy of a section with the named fields changed; relative paths are relative to ``folder``. Raises UserError."""
    types_of = typing.get_type_hints(type(section))
    known = {f.name: f.metadata.get("rule", Rule()) for f in fields(section)}
    values: dict[str, Any] = {}
    for key, value in changes.items():
        if key not in known:
            raise UserError(f"{where}: there is no field '{key}' here; the fields are {', '.join(known)}")
        current = getattr(section, key)
        if not is_dataclass(current):
            values[key] = located(_checked(value, types_of[key], known[key], f"{where}: '{key}'"), known[key], folder)
        elif isinstance(value, dict):
            values[key] = override(current, value, where=f"{where} [{key}]", folder=folder)
        else:
            raise UserError(f"{where}: '{key}' is a table of fields, [{key}], and not {value!r}")
    return replace(section, **values)


def remaining(section: Any, stored: Mapping[str, Any]) -> dict[str, Any]:
    """What was stored by another version, less the fields that a section no longer has."""
    names = {f.name for f in fields(section)}
    nested = {name for name in names if is_dataclass(getattr(section, name)) and isinstance(stored.get(name), dict)}
    return {key: remaining(getattr(section, key), value) if key in nested else value for key, value in stored.items() if key in names}


def located(value: Any, rule: Rule, folder: Path) -> Any:
    """A path made absolute; every other value as it is."""
    return str(absolute(value, folder)) if rule.place and value and value not in rule.of else value


def _checked(value: Any, wanted: Any, rule: Rule, where: str) -> Any:
    """The value as the field's type, within its rule. A field that may be none takes 0 for it, because TOML has no null."""
    if typing.get_origin(wanted) is tuple:
        item = typing.get_args(wanted)[0]
        if not isinstance(value, list | tuple) or not all(isinstance(v, item) and not (isinstance(v, bool) and item is not bool) for v in value):
            raise UserError(f"{where} takes a list of {item.__name__}, and not {value!r}")
        value = tuple(value)
    else:
        allowed = typing.get_args(wanted) if isinstance(wanted, types.UnionType) else (wanted,)
        if type(value) in (int, float) and value == 0 and types.NoneType in allowed:
            return None
        if type(value) is int and float in allowed and abs(value) < 1e300:
            value = float(value)
        if not isinstance(value, allowed) or (isinstance(value, bool) and bool not in allowed):
            names = " or ".join(getattr(t, "__name__", str(t)) for t in allowed)
            raise UserError(f"{where} takes a value of type {names}, and not {value!r}")
    if sentence := rule.broken(value):
        raise UserError(f"{where} {sentence}, and it is {value!r}")
    return value
