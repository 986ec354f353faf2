"""The built-in styles in a page."""

from __future__ import annotations

import json
import re
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load

from stylenet import page
from stylenet.catalog.networks import find_network
from stylenet.catalog.styles import find_style
from stylenet.engines.style_coder import StyleCoder
from stylenet.networks.descriptions import DEFAULT_STRENGTH, LAYERS, STRENGTH_UNIT
from stylenet.networks.file_arrays import Array, read_arrays
from stylenet.networks.picture_sizes import measured_style_px
from stylenet.networks.slim_geometry import MARGIN_PX, SHUFFLE, STRENGTH_CURVE, STRENGTHS
from stylenet.page.styles import packed_sums, style_sizes, style_sums
from stylenet.styles.files import read_style


@pytest.fixture(scope="module")
def arrays() -> dict[str, Array]:
    return read_arrays(find_network("instant"))


def test_sums_are_those_of_the_coder(arrays: dict[str, Array]):
    path = find_style("starry-night")
    (look,) = style_sums([path], arrays, "instant")
    coder, painting = StyleCoder(arrays, "instant"), read_style(path)
    for row, size_px in ((0, 192), (4, 320), (len(look.sums) - 1, 4000)):
        description = coder.describe(painting.at(size_px, tuple(LAYERS)))
        expected = arrays["coder.hidden.weight"][:, :-1] @ description + arrays["coder.hidden.bias"]
        np.testing.assert_allclose(look.sums[row], expected, atol=1e-4)


def test_sizes_are_the_steps_at_which_a_network_looks():
    assert style_sizes(300) == [192, 224, 256, 288, 320]
    assert style_sizes(100) == [192]
    assert {measured_style_px(side, side, 1.0) for side in range(100, 330)} == set(style_sizes(320))


def test_the_list_says_where_each_style_stands(arrays: dict[str, Array]):
    found = style_sums([find_style("dance"), find_style("the-scream")], arrays, "instant")
    listed, packed = packed_sums(found)
    sums = load(packed)["sums"]
    assert [style["name"] for style in listed] == ["dance", "the-scream"]
    for style, look in zip(json.loads(json.dumps(listed)), found, strict=True):
        np.testing.assert_array_equal(sums[style["first"] : style["first"] + style["rows"]], look.sums)


def constants_of(script: str) -> dict[str, str]:
    """The constants of a script of the page, as written."""
    text = (Path(page.__file__).parent / "site" / "painting" / script).read_text(encoding="utf-8")
    return dict(re.findall(r"const (\w+) = ([^;]+);", text))


def test_the_page_has_the_same_strengths() -> None:
    constants = constants_of("coder.js")
    assert json.loads(constants["CURVE"]) == [list(pair) for pair in STRENGTH_CURVE]
    assert json.loads(constants["MIN_STRENGTH"]) == STRENGTHS[0]
    assert json.loads(constants["MAX_STRENGTH"]) == STRENGTHS[-1]
    assert (json.loads(constants["DEFAULT_STRENGTH"]), json.loads(constants["UNIT"])) == (DEFAULT_STRENGTH, STRENGTH_UNIT)


def test_the_page_paints_the_same_margin() -> None:
    constants = constants_of("sizes.js")
    assert (json.loads(constants["MARGIN_PX"]), json.loads(constants["SHUFFLE"])) == (MARGIN_PX, SHUFFLE)
