"""Does a run reach W&B, and how? Decided once, before W&B is imported: offline means no connection at all.

The word is looked for in this order: what the run says (`--wandb`, the key `wandb`), the environment (`WANDB_MODE` in
any case and with its old words, `WANDB_DISABLED`), W&B's own settings file (what `wandb offline` and `wandb disabled`
write), and last whether a login is there. A word that nobody knows is refused: it must not mean "online".
"""

import configparser
import netrc
import os
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit

Mode = Literal["online", "offline", "disabled"]

# The words of WANDB_MODE and of a settings file, old ones too: what `wandb on`, `off`, `dryrun` wrote.
_WORDS: Mapping[str, Mode] = {
    "online": "online",
    "run": "online",
    "on": "online",
    "enabled": "online",
    "offline": "offline",
    "dryrun": "offline",
    "off": "offline",
    "disabled": "disabled",
}
_YES, _NO = ("1", "true", "yes", "on", "y", "t"), ("", "0", "false", "no", "off", "n", "f")
_HOST = "api.wandb.ai"

# The variables that say where records go and who sends them. What else another run, a sweep agent or a job script left
# in the environment (an id, a name, a folder, a service) would decide for our run, and is not handed on.
KEPT = (
    "WANDB_API_KEY",
    "WANDB_APP_URL",
    "WANDB_BASE_URL",
    "WANDB_CONFIG_DIR",
    "WANDB_CREDENTIALS_FILE",
    "WANDB_ENTITY",
    "WANDB_ERROR_REPORTING",
    "WANDB_HTTP_PROXY",
    "WANDB_HTTP_TIMEOUT",
    "WANDB_HTTPS_PROXY",
    "WANDB_IDENTITY_TOKEN_FILE",
    "WANDB_INSECURE_DISABLE_SSL",
    "WANDB_RUN_GROUP",
    "WANDB_X_EXTRA_HTTP_HEADERS",
)


class ModeError(ValueError):
    """A word for the mode that nobody knows; the message names it, where it stands, and the valid ones."""


@dataclass(frozen=True)
class Decision:
    """How a run is recorded.

    Attributes:
        mode: online, offline, or disabled: nothing is recorded.
        warning: one line if it is not what was asked for; None else.
    """

    mode: Mode
    warning: str | None = None


def decide(asked: str, environment: Mapping[str, str] | None = None, folder: Path | None = None) -> Decision:
    """Return how a run is recorded.

    Args:
        asked: `offline`, `online`, `disabled`, or `auto`: nobody said.
        environment: by default that of this process.
        folder: where a settings file of the project is looked for; by default the current one.

    Raises:
        ModeError: an unknown word in the environment or in a settings file.
    """
    environment = os.environ if environment is None else environment
    said = asked if asked != "auto" else _said(environment, folder)
    login = has_login(environment, folder)
    if said == "online" and not login:
        return Decision("offline", "no login is configured (wandb login)")
    if said == "auto":
        return Decision("online" if login else "offline")
    return Decision(_WORDS[said])


def recorder_environment(mode: Mode, folder: Path, environment: Mapping[str, str] | None = None) -> dict[str, str]:
    """Return the environment of the process that records: nothing of another run, and the mode for W&B to keep to.

    Args:
        mode: as it was decided.
        folder: where W&B may write data and cache.
        environment: by default that of this process.
    """
    environment = os.environ if environment is None else environment
    kept = {
        name: value for name, value in environment.items() if not name.startswith("WANDB_") or (name in KEPT and value)
    }
    own = {"WANDB_MODE": mode, "WANDB_DATA_DIR": str(folder), "WANDB_CACHE_DIR": str(folder)}
    if not kept.get("HOME") and os.path.expanduser("~") == "~":  # noqa: PTH111 - nobody's home: W&B asks for one
        own["HOME"] = str(folder)
    if mode != "online":  # its crash reports are a connection, too
        own["WANDB_ERROR_REPORTING"] = "false"
    return {**kept, **own}


def has_login(environment: Mapping[str, str] | None = None, folder: Path | None = None) -> bool:
    """Return whether W&B would find credentials without asking; they are looked for, never read out."""
    environment = os.environ if environment is None else environment
    if environment.get("WANDB_API_KEY") or environment.get("WANDB_IDENTITY_TOKEN_FILE"):
        return True
    if any(options.get("api_key") for _, options in _settings_files(environment, folder)):
        return True
    host = urlsplit(environment.get("WANDB_BASE_URL") or f"https://{_HOST}").netloc
    hosts = {host, _HOST} if host.endswith(("wandb.ai", "forge.coreweave.com")) else {host}
    paths = [environment["NETRC"]] if environment.get("NETRC") else ["~/.netrc", "~/_netrc"]
    for path in paths:
        with suppress(OSError, RuntimeError, netrc.NetrcParseError):
            found = netrc.netrc(Path(path).expanduser())
            if any(name in found.hosts for name in hosts):
                return True
    return False


def _said(environment: Mapping[str, str], folder: Path | None) -> str:
    """Return the word of the environment, else that of a settings file, else `auto`."""
    disabled = environment.get("WANDB_DISABLED", "").strip().lower()
    if disabled in _YES:
        return "disabled"
    if disabled not in _NO:
        raise ModeError(f"WANDB_DISABLED={environment['WANDB_DISABLED']} is neither true nor false; unset it")
    word = environment.get("WANDB_MODE", "").strip()
    if word:
        return _known(word, "WANDB_MODE")
    for path, options in _settings_files(environment, folder):
        if options.get("disabled", "").strip().lower() in _YES:
            return "disabled"
        if word := options.get("mode", "").strip():
            return _known(word, f"mode in {path}")
    return "auto"


def _known(word: str, place: str) -> Mode:
    mode = _WORDS.get(word.lower())
    if mode is None:
        raise ModeError(f"{place} = {word} is no mode of W&B; valid: online, offline, disabled")
    return mode


def _settings_files(environment: Mapping[str, str], folder: Path | None) -> Iterator[tuple[Path, Mapping[str, str]]]:
    """Yield the options of W&B's settings files: that of the project, then that of the person."""
    own = environment.get("WANDB_CONFIG_DIR")
    places: list[Path] = []
    with suppress(OSError):
        places.append((folder or Path.cwd()) / "wandb" / "settings")
    with suppress(RuntimeError):  # nobody's home
        places.append((Path(own) if own else Path("~/.config/wandb").expanduser()) / "settings")
    for path in places:
        parser = configparser.ConfigParser(interpolation=None)
        try:
            parser.read_string(path.read_text(encoding="utf-8"))
        except (OSError, UnicodeError, configparser.Error):
            continue
        if parser.has_section("default"):
            yield path, dict(parser["default"])
