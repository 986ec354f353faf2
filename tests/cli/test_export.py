"""`stylenet export`, and the examples in its documentation."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import PIL.Image
import pytest

from stylenet.catalog import networks
from stylenet.networks.export import to_onnx
from stylenet.networks.noise import distinct_point, white_noise_array
from tests.cli.conftest import INPUTS, Run, files_in
from tests.networks.small import write_small

onnxruntime = pytest.importorskip("onnxruntime")
pytest.importorskip("onnx")

PAGE = (Path(__file__).parents[2] / "docs" / "networks-export.md").read_text(encoding="utf-8")
BLOCKS = [block.removeprefix("python\n") for block in PAGE.split("```")[1::2] if block.startswith("python\n")]
NAMES = {"mine.safetensors", "every.safetensors"}


@pytest.fixture(autouse=True)
def small_networks(folder: Path) -> None:
    """Networks with random weights, for one style and for all styles, next to the pictures."""
    write_small(folder / "mine.safetensors")
    write_small(folder / "every.safetensors", code=4)


def pixels(name: str) -> Any:
    return np.asarray(PIL.Image.open(name).convert("RGB"))


def noise_for(image: Any) -> Any:
    """The noise of `stylenet stylize`."""
    return white_noise_array(image.shape[2], image.shape[3], 0, distinct_point(image))


def painted(path: Path, photo: Any, **more: float) -> Any:
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    inputs = {name: np.array([value], np.float32) for name, value in more.items()}
    image = photo.transpose(2, 0, 1)[None].astype(np.float32) / 255
    inputs["noise"] = noise_for(image)
    return session.run(["painting"], {"image": image, **inputs})[0]


def test_a_trained_network_becomes_a_file_that_paints_as_stylize_does(run: Run, folder: Path) -> None:
    ended = run("export", "mine.safetensors", "mine.onnx")
    assert (ended.code, ended.err) == (0, "")
    assert "inputs: image, noise, strength; output: painting" in ended.out
    assert "no pixel differs by more than" in ended.out
    assert files_in(folder) == INPUTS | NAMES | {"mine.onnx"}
    told = ("stylize", "photo.png", "mine.safetensors", "-r", "trained", "--precision", "float32", "--strength", "30", "-o", "out.png")
    assert run(*told).code == 0
    painting = painted(folder / "mine.onnx", pixels("photo.png"), strength=30)
    assert np.abs(255 * painting - pixels("out.png").transpose(2, 0, 1)[None]).max() <= 1


def test_the_network_of_every_style_takes_a_style_into_the_file(run: Run, folder: Path) -> None:
    assert "inputs: image, noise, strength, style" in run("export", "every.safetensors", "any.onnx").out
    assert "inputs: image, noise, strength; " in run("export", "every.safetensors", "one.onnx", "--style", "painting.jpg").out
    session = onnxruntime.InferenceSession(folder / "one.onnx", providers=["CPUExecutionProvider"])
    facts = session.get_modelmeta().custom_metadata_map
    assert facts["style"] == "painting"
    assert json.loads(facts[networks.KEY])["name"] == "every"


def test_nothing_is_written_where_graph_and_network_differ(run: Run, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def shifted(network: Any, **more: Any) -> bytes:
        network.finish.bias.add_(0.02)
        data = to_onnx(network, **more)
        network.finish.bias.sub_(0.02)
        return data

    monkeypatch.setattr("stylenet.workflows.exporting.to_onnx", shifted)
    ended = run("export", "mine.safetensors", "mine.onnx")
    assert ended.code == 6
    assert "differs from the network by 0.0" in ended.error
    assert files_in(folder) == INPUTS | NAMES


@pytest.mark.parametrize(
    ("words", "code", "told"),
    [
        (("mine.safetensors", "mine.pt"), 7, "allowed are .onnx"),
        (("mine.safetensors", "mine.onnx", "--style", "painting.jpg"), 2, "has its own style; omit --style"),
        (("instan", "mine.onnx"), 6, "there is no included network 'instan'"),
        (("photo.png", "mine.onnx"), 6, "is not a network file"),
        (("every.safetensors", "one.onnx", "--style", "no-such-style"), 5, "no-such-style"),
        (("every.safetensors", "every.safetensors"), 2, "is also an input"),
    ],
)
def test_what_cannot_be_is_said_and_nothing_is_written(run: Run, folder: Path, words: tuple[str, ...], code: int, told: str) -> None:
    ended = run("export", *words)
    assert ended.code == code
    assert told in ended.error
    assert files_in(folder) == INPUTS | NAMES


def test_the_page_paints_without_torch(run: Run, folder: Path) -> None:
    run("export", "every.safetensors", "starry-night.onnx", "--style", "painting.jpg")
    PIL.Image.open("photo.png").convert("RGB").save("photo.jpg")
    code = "import sys; sys.modules['torch'] = sys.modules['stylenet'] = None\n" + BLOCKS[0] + BLOCKS[1]
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)
    assert pixels("painting.png").shape == pixels("photo.jpg").shape
    assert pixels("painting.png").std() > 1


def test_the_page_describes_a_painting(run: Run, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(networks, "find_network", lambda name: folder / "every.safetensors")
    exec(compile(BLOCKS[2], "networks-export.md", "exec"), {})
    description = np.load(folder / "painting.npy")
    assert description.shape == (1, 3994)
    for style in ("any", "one"):
        run("export", "every.safetensors", f"{style}.onnx", *(("--style", "painting.jpg") if style == "one" else ()))
    photo = pixels("photo.png")
    session = onnxruntime.InferenceSession(folder / "any.onnx", providers=["CPUExecutionProvider"])
    image = photo.transpose(2, 0, 1)[None].astype(np.float32) / 255
    inputs = {"image": image, "noise": noise_for(image), "strength": np.array([50], np.float32), "style": description}
    outside = session.run(["painting"], inputs)[0]
    np.testing.assert_allclose(outside, painted(folder / "one.onnx", photo, strength=50), atol=1e-5)
