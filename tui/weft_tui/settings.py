"""What somebody has chosen on the screen, kept for the next time in the platform's config folder."""

from __future__ import annotations

import json
import os
import tomllib
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any, Final

from weft.errors import WeftError

FILE: Final = "settings.toml"
MOST_BYTES: Final = 100_000

CHOICES: Final = {
    "lanes": ("thread", "lock", "request"),
    "sort": ("start", "waiting", "name"),
    "panel": ("", "locks", "requests", "inspector", "findings", "log", "recording"),
}
"""What may be said of some settings."""


@dataclass(frozen=True, slots=True)
class Settings:
    """How the screen is liked.

    Attributes:
        theme: one of textual's; empty for the usual one.
        lanes, sort: what the rows of the lanes are, and what they are sorted by.
        panel: the panel that is shown first; empty for the usual one.
        ascii: draw with ASCII only.
    """

    theme: str = ""
    lanes: str = "thread"
    sort: str = "start"
    panel: str = ""
    ascii: bool = False


@dataclass(frozen=True, slots=True)
class Kept:
    """Settings, and where they are kept.

    Attributes:
        trouble: why the file was ignored, as a sentence; it is not written to then.
    """

    path: Path
    settings: Settings = Settings()
    trouble: str = ""


def place() -> Path:
    """Return the file of settings; WEFT_HOME overrides the platform's choice of a folder."""
    home = os.environ.get("WEFT_HOME")
    if home:
        return Path(home) / FILE
    from platformdirs import user_config_path

    return user_config_path("weft", appauthor=False) / FILE


def load(path: Path) -> Kept:
    """Return the settings of a file: the usual ones where there is none, or where it makes no sense."""
    try:
        with path.open("rb") as file:
            told = tomllib.loads(file.read(MOST_BYTES).decode())
    except FileNotFoundError:
        return Kept(path)
    except OSError as error:
        return Kept(path, trouble=_ignored(path, error.strerror or str(error)))
    except (ValueError, RecursionError) as error:
        return Kept(path, trouble=_ignored(path, str(error).partition("\n")[0]))
    try:
        return Kept(path, _settings(told))
    except ValueError as error:
        return Kept(path, trouble=_ignored(path, str(error)))


def _ignored(path: Path, why: str) -> str:
    return f"{path} is ignored: {why}; mend or remove it"


def _settings(told: dict[str, Any]) -> Settings:
    """Return what a file says; what this version does not know is left alone.

    Raises:
        ValueError: a value makes no sense.
    """
    usual = asdict(Settings())
    known = {name: value for name, value in told.items() if name in usual}
    for name, value in known.items():
        if type(value) is not type(usual[name]):
            raise ValueError(f"{name} is {value!r}")
        if value not in CHOICES.get(name, (value,)):
            raise ValueError(f"{name} is {value!r}, not one of {', '.join(filter(None, CHOICES[name]))}")
    return Settings(**known)


def save(path: Path, settings: Settings) -> None:
    """Write settings into a file that the user alone can read, in one piece.

    Raises:
        WeftError: it cannot be written.
    """
    text = "".join(f"{field.name} = {json.dumps(getattr(settings, field.name))}\n" for field in fields(settings))
    # Where the file is a link, as people have it who keep such files together, what it points to is written.
    path = path.resolve()
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as file:
            file.write(f"# What was chosen on weft's screen.\n{text}")
        draft.replace(path)
    except OSError as error:
        draft.unlink(missing_ok=True)
        raise WeftError(f"{path} cannot be written: {error.strerror}") from None
