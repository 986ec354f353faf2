"""Values of requests: ids and names are allowed; paths and addresses are rejected."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from stylenet.errors import StylenetError, UsageError
from stylenet.server.api_checks import (
    MAX_SIDE_PX,
    MAX_STYLES,
    check_encoder,
    check_masks,
    check_palette,
    check_photo,
    check_recipe,
    check_size,
    check_start,
    check_styles,
    shortened,
    sides_px,
    split_mask,
)

ID = "0123456789abcdef" * 4
NO_NAMES = ("/etc/passwd", "../x.png", "x.png", "http://evil.example/x.png", "file:///etc/passwd", "C:\\x.png", f"{ID}\n", "")
PATHS = (*NO_NAMES, ID.upper(), ID[1:])


def check_network(style: str) -> None:
    check_styles([style], networks=True)


def check_style(style: str) -> None:
    check_styles([style])


def check_plain_recipe(recipe: str) -> None:
    check_recipe(recipe, {}, start=None)


@pytest.mark.parametrize("check", [check_photo, check_style, check_network, check_start, check_plain_recipe])
@pytest.mark.parametrize("path", PATHS)
def test_no_path_is_read(check: Callable[[str], None], path: str) -> None:
    with pytest.raises(UsageError, match=r"is '[^']*'; allowed are "):
        check(path)


@pytest.mark.parametrize("path", NO_NAMES)
def test_weights_are_not_read(path: str) -> None:
    with pytest.raises(UsageError, match=r"encoder is '[^']*'; allowed are names like .*; files are not read"):
        check_encoder(path)


@pytest.mark.parametrize("path", [path for path in PATHS if path])
def test_no_path_is_a_palette_or_a_mask(path: str) -> None:
    with pytest.raises(UsageError, match="palette is"):
        check_palette(path)
    for mask in (f"{path}=photo", f"{ID}={path}", f"invert:{path}=photo"):
        with pytest.raises(UsageError, match=r"the mask is|style is"):
            check_masks([mask])


@pytest.mark.parametrize(
    ("check", "values"),
    [
        (check_photo, (None, ID)),
        (check_style, ("starry-night", ID)),
        (check_start, (None, "noise", "content", ID)),
        (check_encoder, (None, "compact", "vgg19")),
        (check_plain_recipe, (None, "draft", "keras-2016")),
        (check_palette, (None, "", "starry-night", ID, "#264653", "#264653,#e9c46a", "264653, e9c46a", (("#264653", 1.0),))),
        (check_size, (None, 1, MAX_SIDE_PX, "full", "640x480", "640 X 480", "640×480")),
    ],
)
def test_what_is_allowed(check: Callable[[Any], None], values: tuple[Any, ...]) -> None:
    for value in values:
        check(value)
    check_masks([f"{ID}=photo", f"invert:{ID}={ID}", f"{ID}=great-wave"])


@pytest.mark.parametrize("size", [0, -1, MAX_SIDE_PX + 1, "0x5", f"5x{MAX_SIDE_PX + 1}", "large", "1e3", "640x480x2", "x", ""])
def test_sizes_have_bounds(size: int | str) -> None:
    with pytest.raises(UsageError, match=f"size is '?{size}'?; allowed are"):
        check_size(size)


def test_sides() -> None:
    assert (sides_px(512), sides_px("640x480"), sides_px("full"), sides_px(None)) == ((512,), (640, 480), (), ())


def test_the_number_of_styles_has_bounds() -> None:
    check_styles(["starry-night"] * MAX_STYLES)
    with pytest.raises(UsageError, match=f"{MAX_STYLES + 1} styles are given; allowed are up to {MAX_STYLES}"):
        check_styles(["starry-night"] * (MAX_STYLES + 1))
    with pytest.raises(UsageError, match="no style is given"):
        check_styles([])
    with pytest.raises(UsageError, match="Did you mean 'starry-night'") as caught:
        check_styles(["stary-night"])
    assert (caught.value.code, caught.value.values) == ("unknown-style", {"style": "stary-night"})


def test_changes_of_a_recipe_name_no_files() -> None:
    check_recipe("draft", {"style.weight": "3"}, start="noise")
    with pytest.raises(UsageError, match=r"network\.name is '\.\./x'; allowed are names; files are not read"):
        check_recipe("trained", {"network.name": "../x"}, start=None)
    with pytest.raises(StylenetError, match=r"Did you mean 'style\.weight'"):
        check_recipe(None, {"style.wieght": "3"}, start=None)
    with pytest.raises(UsageError, match=r"start and changes picture\.start are both given; choose one"):
        check_recipe("draft", {"picture.start": "style"}, start="noise")


def test_masks_are_split_and_put_together_with_their_files() -> None:
    for text, files in ((f"{ID}=photo", "<id>=photo"), (f"invert:{ID}={ID}", "invert:<id>=<id>")):
        mask = split_mask(text)
        assert mask.with_files(lambda word: word) == text
        assert mask.with_files(lambda word: "<id>" if word == ID else word) == files


def test_long_texts_are_shortened() -> None:
    assert shortened("x" * 80) == "x" * 80
    assert shortened("x" * 1000) == "x" * 77 + "..."
