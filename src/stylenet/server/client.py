"""A client for a StyleNet server that yields the events of the library. HTTP needs only the standard library.

server = stylenet.connect("http://127.0.0.1:7410")
for event in server.stylize("photo.jpg", "starry-night", recipe="draft"):
    ...
"""

from __future__ import annotations

import http.client
import json
import os
import re
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

from stylenet.errors import ImageError, StylenetError, UsageError
from stylenet.events import Done, Event, Notice, Preview, Progress, Saved, Started, Step
from stylenet.notices import CodedNotice

_TIMEOUT_SECONDS = 60.0
_TRIES = 30
"""Number of attempts to reconnect to a server that may be restarting."""


def connect(url: str, token: str | None = None) -> Remote:
    """A client for the server at an address.

    Args:
        url: The address that `stylenet serve` prints, such as "http://127.0.0.1:7410".
        token: The token that the server was started with, if it has one.

    Raises:
        UsageError: the address is invalid.
    """
    match = re.fullmatch(r"(https?)://(\[[0-9a-fA-F:.]+\]|[A-Za-z0-9.-]+)(?::([0-9]{1,5}))?/?", str(url))
    if match is None:
        raise UsageError(f"the server's address is '{url}'; allowed are addresses like http://127.0.0.1:7410")
    if match[3] and not 1 <= int(match[3]) <= 65535:
        raise UsageError(f"the port of the server's address '{url}' is {match[3]}; allowed are 1 to 65535")
    return Remote(is_secure=match[1] == "https", host=match[2].strip("[]"), port=int(match[3]) if match[3] else None, token=token)


@dataclass(frozen=True, kw_only=True, repr=False)
class Remote:
    """A server; see `connect`. Every call opens a new connection.

    Attributes:
        is_secure: Whether the connection uses TLS.
        host: Name or address.
        port: Port; None: the default.
        token: The token that is sent with every request.
    """

    is_secure: bool
    host: str
    port: int | None = None
    token: str | None = None

    def __repr__(self) -> str:
        return f"<Remote {'https' if self.is_secure else 'http'}://{self.host}{f':{self.port}' if self.port else ''}>"

    def styles(self) -> list[str]:
        """Names of the server's styles."""
        return [style["name"] for style in self._json("GET", "/v1/styles")["styles"]]

    def upload(self, source: str | os.PathLike[str] | bytes | BinaryIO) -> str:
        """Upload a picture; returns its id.

        Raises:
            ImageError: it cannot be read, or the server rejects it.
        """
        headers = {"content-type": "application/octet-stream"}
        data: Any
        if isinstance(source, (str, os.PathLike)):
            try:
                data = Path(source).read_bytes()
            except OSError as error:
                raise ImageError(f"cannot read '{source}': {error.strerror}") from None
            headers["stylenet-name"] = re.sub(r"[^A-Za-z0-9_ .-]+", "-", Path(source).name)[:100]
        elif isinstance(source, (bytes, bytearray, memoryview)):
            data = bytes(source)
        else:
            read: Any = getattr(source, "read", None)
            data = read() if callable(read) else None
        if not isinstance(data, bytes):
            raise ImageError(f"cannot upload a picture from {type(source).__name__}; give a path, bytes or a file opened with mode 'rb'")
        return str(self._json("PUT", "/v1/pictures", data, headers)["id"])

    def stylize(
        self,
        photo: str | os.PathLike[str] | bytes | BinaryIO,
        style: str | os.PathLike[str] | bytes | Sequence[str | os.PathLike[str] | bytes],
        **options: Any,
    ) -> Iterator[Event]:
        """Paint a photo on the server; yields the events of the painting, and finally `Done` with the picture.

        Closing the generator early stops the job. If the connection is lost, it is opened again and no event is lost.

        Args:
            photo: A file, its bytes, or an open file.
            style: The name of one of the server's styles, a file, bytes, or a list of them.
            options: Fields of a painting: recipe, size, strength, seed, changes, ...

        Raises:
            StylenetError: the server cannot be reached, or reports an error.
        """
        given: Sequence[Any] = style if isinstance(style, (list, tuple)) else [style]
        names = set(self.styles()) if any(isinstance(one, str) for one in given) else set()
        styles = [one if isinstance(one, str) and (one in names or not Path(one).exists()) else self.upload(one) for one in given]
        body = json.dumps({"photo": self.upload(photo), "styles": styles, **options}, default=_plain).encode()
        job = self._json("POST", "/v1/jobs", body, {"content-type": "application/json"})
        ended = False
        try:
            for name, values in self._events(job["events"]):
                ended = name in ("done", "failed", "stopped")
                if name == "failed":
                    raise _error_of(values)
                event = self._event(name, values, job["id"])
                if event is not None:
                    yield event
        except (GeneratorExit, KeyboardInterrupt):
            if not ended:
                self._json("DELETE", f"/v1/jobs/{job['id']}")
            raise

    def _event(self, name: str, values: Mapping[str, Any], job: str) -> Event | None:
        from stylenet.image.files import load_image

        fields = {key: value for key, value in values.items() if key not in ("event", "output")}
        match name:
            case "started":
                codes = fields.pop("notice_codes")
                notices = (CodedNotice(line, code["code"], **code["values"]) for line, code in zip(fields["notices"], codes, strict=True))
                return Started(**{**fields, "notices": tuple(notices)})
            case "step":
                return Step(
                    **{**fields, "size_px": tuple(fields["size_px"]), "loss": float("nan") if fields["loss"] is None else fields["loss"]}
                )
            case "progress":
                return Progress(**fields)
            case "notice":
                return Notice(message=CodedNotice(fields["message"], fields.get("code", ""), **fields.get("values", {})))
            case "saved":
                return Saved(path=Path(fields["path"]), is_result=fields["is_result"])
            case "preview":
                status, data = self._request("GET", f"/v1/jobs/{job}/preview.jpg")
                if status != 200:
                    return None
                return Preview(image=load_image(data).pixels, step=fields["step"], scheduled=fields["scheduled"])
            case "done":
                data = self._bytes("GET", values["output"])
                return Done(image=load_image(data).pixels, **{**fields, "loss": float("nan") if fields["loss"] is None else fields["loss"]})
        return None

    def _events(self, path: str) -> Iterator[tuple[str, Mapping[str, Any]]]:
        last, tries = 0, 0
        while tries < _TRIES:
            connection = self._connection()
            try:
                connection.request("GET", path, headers={**self._headers(), "last-event-id": str(last)})
                response = connection.getresponse()
                if response.status == 204:
                    return
                if response.status != 200:
                    raise _error(response.status, response.read())
                for number, name, values in _parsed(response):
                    last, tries = number, 0
                    yield name, values
                    if name in ("done", "failed", "stopped"):
                        return
            except (OSError, http.client.HTTPException):
                pass
            finally:
                connection.close()
            tries += 1
            time.sleep(min(2.0, 0.1 * tries))
        raise StylenetError(f"the server at {self.host} no longer responds; the job continues after a restart")

    def _json(self, method: str, path: str, body: bytes | None = None, headers: Mapping[str, str] | None = None) -> Any:
        return json.loads(self._bytes(method, path, body, headers))

    def _bytes(self, method: str, path: str, body: bytes | None = None, headers: Mapping[str, str] | None = None) -> bytes:
        status, data = self._request(method, path, body, headers)
        if status >= 400:
            raise _error(status, data)
        return data

    def _request(self, method: str, path: str, body: bytes | None = None, headers: Mapping[str, str] | None = None) -> tuple[int, bytes]:
        connection = self._connection()
        try:
            connection.request(method, path, body=body, headers={**self._headers(), **(headers or {})})
            response = connection.getresponse()
            return response.status, response.read()
        except (OSError, http.client.HTTPException) as error:
            raise StylenetError(
                f"the server at {self.host}, port {self.port or 'default'}, cannot be reached: {str(error) or type(error).__name__}"
            ) from None
        finally:
            connection.close()

    def _connection(self) -> http.client.HTTPConnection:
        kind = http.client.HTTPSConnection if self.is_secure else http.client.HTTPConnection
        return kind(self.host, self.port, timeout=_TIMEOUT_SECONDS)

    def _headers(self) -> dict[str, str]:
        return {} if self.token is None else {"authorization": f"Bearer {self.token}"}


def _parsed(lines: Any) -> Iterator[tuple[int, str, Mapping[str, Any]]]:
    """The events of a stream: number, name and values."""
    fields: dict[str, str] = {}
    for raw in lines:
        line = raw.decode().rstrip("\r\n")
        if line:
            name, _, value = line.partition(":")
            fields[name] = value.removeprefix(" ")
        elif "data" in fields:
            yield int(fields["id"]), fields["event"], json.loads(fields["data"])
            fields = {}
        else:
            fields = {}


def _error(status: int, data: bytes) -> StylenetError:
    kinds: dict[int, type[StylenetError]] = {413: ImageError, 415: ImageError, 422: UsageError}
    kind = kinds.get(status, StylenetError)
    try:
        return _error_of(json.loads(data), kind=kind)
    except (ValueError, TypeError, KeyError, AttributeError):
        return kind(f"the server responded with status {status}")


def _error_of(body: Mapping[str, Any], *, kind: type[StylenetError] = StylenetError) -> StylenetError:
    message = "; ".join(str(body[part]) for part in ("error", "allowed", "remedy") if body.get(part))
    return kind(message, code=body.get("code", ""), **body.get("values", {}))


def _plain(value: Any) -> Any:
    """An option for JSON: NumPy numbers as Python numbers, and paths as text."""
    if isinstance(value, os.PathLike):
        return os.fsdecode(value)
    if hasattr(value, "tolist"):
        return value.tolist()
    raise UsageError(f"an option is {type(value).__name__} {value!r:.60}; give text, numbers, or lists of them")
