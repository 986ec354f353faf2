"""onnxruntime-web: its version, its download, and the files that a page needs."""

from __future__ import annotations

import os
import re
import tarfile
from collections.abc import Mapping
from importlib import resources
from pathlib import Path

import msgspec

from stylenet.errors import DownloadError, WeightsError
from stylenet.weights.cache import is_offline
from stylenet.weights.checksum import mismatch
from stylenet.weights.download import OnProgress, fetch

DEFAULT_REGISTRY = "https://registry.npmjs.org/"
"""Default registry of npm packages."""

_LONGEST_FILE = 2**28
"""Maximum unpacked size of a file from the archive."""

_SETTING = re.compile(r"^\s*registry\s*=\s*[\"']?([^\s\"']+)", re.MULTILINE)


class Runtime(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One version of onnxruntime-web.

    Attributes:
        name: Name of the package.
        version: Version of the package.
        size_bytes: Size of the archive.
        sha256: Checksum of the archive.
        licence: License of the package.
        files: Names of the required files in the folder `package/dist` of the archive.
    """

    name: str
    version: str
    size_bytes: int
    sha256: str
    licence: str
    files: tuple[str, ...]


class _Archive(msgspec.Struct, frozen=True, kw_only=True):
    """The archive, as a record for `weights.download`."""

    name: str
    urls: tuple[str, ...]
    file_name: str
    size_bytes: int | None
    sha256: str | None
    md5: str | None = None


def pinned_runtime() -> Runtime:
    """The tested version."""
    text = (resources.files("stylenet.page") / "runtime.toml").read_bytes()
    return msgspec.toml.decode(text, type=Runtime)


def runtime_files(runtime: Runtime, archive: Path | None = None, *, on_progress: OnProgress | None = None) -> Mapping[str, bytes]:
    """The files that a page needs, by name, from the verified archive.

    Args:
        runtime: The version.
        archive: A local archive; None: the one in the cache folder, downloaded if it is missing.
        on_progress: Called during the download.

    Raises:
        DownloadError: the archive cannot be downloaded.
        WeightsError: `archive` is another file, or incomplete.
    """
    path = archive or _fetch_archive(runtime, on_progress)
    wanted = f"{runtime.name} {runtime.version}"
    if not path.is_file():
        raise WeightsError(f"there is no file '{path}'; --runtime takes the archive of {wanted}, as `npm pack` saves it")
    if reason := mismatch(path, _archive_record(runtime)):
        raise WeightsError(f"'{path}' is not the archive of {wanted} ({reason}); `npm pack {runtime.name}@{runtime.version}` saves it")
    found: dict[str, bytes] = {}
    try:
        with tarfile.open(path, "r:gz") as packed:
            for name in runtime.files:
                member = packed.getmember(f"package/dist/{name}")
                file = packed.extractfile(member) if member.size <= _LONGEST_FILE else None
                if file is None:
                    raise WeightsError(f"'{path}' contains no regular file {name}, or one that is too large")
                found[name] = file.read()
    except (tarfile.TarError, OSError, EOFError, KeyError) as error:
        raise WeightsError(f"the archive '{path}' does not contain what a page needs: {error}") from None
    return found


def registry(environment: Mapping[str, str] | None = None, home: Path | None = None) -> str:
    """The package index configured for npm, by environment variable or `~/.npmrc`; otherwise the default."""
    environment = os.environ if environment is None else environment
    for name in ("NPM_CONFIG_REGISTRY", "npm_config_registry"):
        if chosen := environment.get(name, "").strip():
            return chosen.rstrip("/") + "/"
    try:
        settings = ((home or Path.home()) / ".npmrc").read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError, RuntimeError):
        return DEFAULT_REGISTRY
    chosen_there = _SETTING.findall(settings)
    return chosen_there[-1].rstrip("/") + "/" if chosen_there else DEFAULT_REGISTRY


def _fetch_archive(runtime: Runtime, on_progress: OnProgress | None) -> Path:
    by_hand = f"download it elsewhere (`npm pack {runtime.name}@{runtime.version}`) and give the file with --runtime FILE"
    try:
        return fetch(_archive_record(runtime), on_progress=on_progress)
    except DownloadError as error:
        if is_offline():
            raise DownloadError(
                f"{runtime.name} {runtime.version} is not on this machine and STYLENET_OFFLINE forbids downloads; {by_hand}"
            ) from None
        raise DownloadError(f"{error}; or {by_hand}") from None


def _archive_record(runtime: Runtime) -> _Archive:
    file_name = f"{runtime.name}-{runtime.version}.tgz"
    return _Archive(
        name=runtime.name,
        urls=(f"{registry()}{runtime.name}/-/{file_name}",),
        file_name=file_name,
        size_bytes=runtime.size_bytes,
        sha256=runtime.sha256,
    )
