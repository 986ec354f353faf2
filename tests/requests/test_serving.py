"""A server that others can reach needs a token."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from stylenet.errors import UsageError
from stylenet.requests.serving import ServeRequest

TOKEN = "0123456789abcdef"


@pytest.mark.parametrize(
    ("values", "reason"),
    [
        ({"host": "0.0.0.0"}, r"--host is 0\.0\.0\.0, which other machines can reach, and no --token is given"),
        ({"host": "studio.example.org"}, "which other machines can reach"),
        ({"host": "::"}, "which other machines can reach"),
        ({"token": TOKEN[:-1]}, "the token is too short"),
        ({"token": TOKEN + " "}, "has spaces"),
        ({"token": TOKEN + "é"}, "non-ASCII"),
        ({"allow_origins": ("https://example.org/page",)}, "allowed is one origin without a path"),
        ({"allow_origins": ("https://*",)}, "allowed is one origin without a path"),
        ({"allow_origins": ("example.org",)}, "allowed is one origin without a path"),
        ({"port": 70000}, "port is 70000; allowed are 0 to 65535"),
        ({"workers": 0}, "workers is 0; allowed are 1 to 64"),
    ],
)
def test_what_is_not_allowed(values: dict[str, Any], reason: str) -> None:
    with pytest.raises(UsageError, match=reason):
        ServeRequest(**values)


@pytest.mark.parametrize("host", ["127.0.0.1", "127.8.9.10", "localhost", "::1"])
def test_this_machine_needs_no_token(host: str) -> None:
    assert ServeRequest(host=host).is_loopback
    assert not ServeRequest(host="10.0.0.1", token=TOKEN).is_loopback


def test_the_folder_is_given_or_the_users(tmp_path: Path) -> None:
    assert ServeRequest(data="here").folder == "here"
    assert Path(ServeRequest().folder).is_relative_to(tmp_path)


@pytest.mark.parametrize("host", ["0.0.0.0", "192.168.1.5", "::", "example.org"])
def test_another_address_needs_a_token(host: str) -> None:
    with pytest.raises(UsageError, match="other machines can reach, and no --token is given"):
        ServeRequest(host=host)
    assert not ServeRequest(host=host, token=TOKEN).is_loopback


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"token": "short"}, "the token is too short"),
        ({"token": "with spaces in it, so no"}, "spaces"),
        ({"allow_origins": ("*",)}, "allowed is one origin"),
        ({"allow_origins": ("https://a.example/path",)}, "allowed is one origin"),
        ({"port": 70_000}, "port is 70000; allowed are 0 to 65535"),
    ],
)
def test_settings_are_checked(values: dict[str, object], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        ServeRequest.of(values)
