"""Building the page from the site files, networks, built-in styles and onnxruntime-web, without torch."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import secrets
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib import resources
from importlib.resources.abc import Traversable
from pathlib import Path

from stylenet.catalog.encoders import COMPACT
from stylenet.catalog.networks import find_network
from stylenet.catalog.styles import built_in_styles
from stylenet.errors import OutputError, UsageError, WeightsError
from stylenet.networks.file_arrays import read_arrays
from stylenet.page.runtime import Runtime, pinned_runtime, runtime_files
from stylenet.page.styles import packed_sums, style_sums
from stylenet.weights.download import OnProgress

MARK = "site-files.js"
"""File that identifies a page; other folders are not overwritten."""

_DIGITS = 10
"""Number of hexadecimal digits of a checksum in a folder name."""


@dataclass(frozen=True, kw_only=True)
class Page:
    """A written page.

    Attributes:
        folder: Output folder.
        files: Size in bytes of each file, by its path in the folder.
    """

    folder: Path
    files: Mapping[str, int]


def build_page(
    folder: Path,
    *,
    runtime: Runtime | None = None,
    archive: Path | None = None,
    styles: Sequence[Path] | None = None,
    on_progress: OnProgress | None = None,
) -> Page:
    """Write a page that paints in the browser, atomically.

    Args:
        folder: A new or empty folder, or an existing page, which is replaced.
        runtime: The version of onnxruntime-web; None: the tested version.
        archive: A local archive of onnxruntime-web.
        styles: Style files to include; None: all built-in styles.
        on_progress: Called while onnxruntime-web is downloaded.

    Raises:
        UsageError: `folder` contains something else.
        WeightsError: onnxruntime-web cannot be downloaded, or the installation is damaged.
        OutputError: it cannot be written.
    """
    _check(folder)
    runtime = runtime or pinned_runtime()
    files = _site()
    runtime_data = runtime_files(runtime, archive, on_progress=on_progress)  # first: a missing archive is noticed at once
    data = _data(list(built_in_styles().values()) if styles is None else styles)
    # The folder names contain a checksum, so that browsers never use outdated cached files.
    data_folder, runtime_folder = f"data-{_digest(data)[:_DIGITS]}/", f"runtime-{runtime.version}/"
    files |= {data_folder + name: content for name, content in data.items()}
    files |= {runtime_folder + name: content for name, content in runtime_data.items()}
    files[MARK] = _file_list(files, data_folder, runtime_folder)
    _write(folder, files)
    return Page(folder=folder, files={name: len(content) for name, content in sorted(files.items())})


def _site() -> dict[str, bytes]:
    """The site files, by path."""
    found: dict[str, bytes] = {}

    def add(folder: Traversable, prefix: str) -> None:
        for item in folder.iterdir():
            if item.is_dir():
                add(item, f"{prefix}{item.name}/")
            else:
                found[prefix + item.name] = item.read_bytes()

    add(resources.files("stylenet.page") / "site", "")
    return found


def _data(styles: Sequence[Path]) -> dict[str, bytes]:
    """The networks, their graphs, and the styles."""
    network = find_network("instant")
    encoder = resources.files("stylenet") / "weights" / "bundled" / f"{COMPACT.name}.safetensors"
    graphs = resources.files("stylenet.engines") / "graphs"
    listed, sums = packed_sums(style_sums(styles, read_arrays(network), network))
    try:
        return {
            "instant.safetensors": network.read_bytes(),
            "compact.safetensors": encoder.read_bytes(),
            "styles.safetensors": sums,
            "styles.json": _json(listed),
            **{name: (graphs / name).read_bytes() for name in ("slim-body.onnx", "slim-head.onnx", "compact.onnx", "weights.json")},
        }
    except OSError as error:
        raise WeightsError(f"a network is missing ({error}); reinstall stylenet") from None


def _file_list(files: Mapping[str, bytes], data_folder: str, runtime_folder: str) -> bytes:
    """A script with the list of files, for the page, its worker and the service worker, which is updated when the script changes."""
    large = sorted(name for name in files if name.startswith((data_folder, runtime_folder)))
    site = {
        "version": _digest(files)[:_DIGITS],
        "data": data_folder,
        "runtime": runtime_folder,
        "shell": ["./", MARK, *sorted(set(files) - set(large) - {"index.html", "service-worker.js"})],
        "large": large,
    }
    return b"self.SITE = " + _json(site) + b";\n"


def _json(value: object) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), sort_keys=True).encode()


def _digest(files: Mapping[str, bytes]) -> str:
    digest = hashlib.sha256()
    for name, content in sorted(files.items()):
        digest.update(f"{name}\0{len(content)}\0".encode())
        digest.update(content)
    return digest.hexdigest()


def _check(folder: Path) -> None:
    if folder.is_dir() and any(folder.iterdir()) and not (folder / MARK).is_file():
        raise UsageError(f"the folder '{folder}' contains something other than a page; give a new or empty folder for --output")
    if os.path.lexists(folder) and not folder.is_dir():
        kind = "a file" if folder.is_file() else "a broken link" if folder.is_symlink() else "a device or a pipe"
        raise UsageError(f"'{folder}' is {kind}; give a folder for --output")


def _write(folder: Path, files: Mapping[str, bytes]) -> None:
    """Write the files to a temporary folder next to the target, then rename it."""
    target = Path(os.path.realpath(folder))  # `resolve` raises RuntimeError for links that form a loop
    name = secrets.token_hex(6)
    part, earlier = target.with_name(f".stylenet-{name}.part"), target.with_name(f".stylenet-{name}.earlier")
    try:
        for path, content in files.items():
            (part / path).parent.mkdir(parents=True, exist_ok=True)
            (part / path).write_bytes(content)
        if target.exists():
            target.rename(earlier)
        try:
            part.rename(target)
        except OSError:
            if earlier.exists():
                earlier.rename(target)
            raise
    except OSError as cause:
        raise OutputError(f"cannot write '{folder}': {cause.strerror or cause}; nothing was changed") from cause
    finally:
        for leftover in (part, earlier):
            with contextlib.suppress(OSError):
                shutil.rmtree(leftover)
