"""Profiles from TOML files: changing named fields of a frozen section, with a sentence for every field or value that does not exist."""

from __future__ import annotations

import tomllib
import types
import typing
from dataclasses import fields, is_dataclass, replace
from pathlib import Path
from typing import Any

from .errors import UserError


def from_file(path: Path, bases: dict[str, Any]) -> Any:
    """The profile of a TOML file that names its base and the fields to change; what it takes is said at `profiles.get`."""
    try:
        settings = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise UserError(f"the profile file '{path}' does not exist: give the path of a .toml file") from None
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise UserError(f"the profile file '{path}' cannot be read as TOML ({error}): mend or replace it") from None
    base = settings.pop("profile", None)
    if base not in bases:
        raise UserError(f"'{path}' must name its base as profile = \"...\", one of {', '.join(bases)}; it has {base!r}")
    if "photos" in settings:
        settings.setdefault("photographs", {})["source"] = settings.pop("photos")
    settings.setdefault("name", path.stem)
    return override(bases[base], settings, where=str(path))


def override(section: Any, changes: dict[str, Any], *, where: str) -> Any:
    """A copy of a profile or section with the named fields changed; unknown fields and wrong types are refused."""
    types_of = typing.get_type_hints(type(section))
    known = [f.name for f in fields(section)]
    values = {}
    for key, value in changes.items():
        if key not in known:
            raise UserError(f"{where}: there is no field '{key}' here; the fields are {', '.join(known)}")
        current = getattr(section, key)
        if is_dataclass(current):
            if not isinstance(value, dict):
                raise UserError(f"{where}: '{key}' is a table of fields, [{key}], and not {value!r}")
            values[key] = override(current, value, where=f"{where} [{key}]")
        else:
            values[key] = _typed(value, types_of[key], f"{where}: '{key}'")
    return replace(section, **values)


def _typed(value: Any, wanted: Any, where: str) -> Any:
    """The value as the field's type, or a sentence that says what the field takes.

    A field that may be none takes 0 for it, because TOML has no null.
    """
    if typing.get_origin(wanted) is tuple:
        item = typing.get_args(wanted)[0]
        if not isinstance(value, list | tuple) or not all(isinstance(v, item) for v in value):
            raise UserError(f"{where} takes a list of {item.__name__}, and not {value!r}")
        return tuple(value)
    allowed = typing.get_args(wanted) if isinstance(wanted, types.UnionType) else (wanted,)
    if value == 0 and not isinstance(value, bool) and types.NoneType in allowed:
        return None
    if isinstance(value, int) and not isinstance(value, bool) and float in allowed:
        value = float(value)
    if not isinstance(value, allowed):
        names = " or ".join(getattr(t, "__name__", str(t)) for t in allowed)
        raise UserError(f"{where} takes a value of type {names}, and not {value!r}")
    if isinstance(value, int | float) and not isinstance(value, bool) and value < 0:
        raise UserError(f"{where} must not be negative, and it is {value!r}")
    return value
