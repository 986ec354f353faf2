"""Names of styles, recipes and networks, and files with the same names."""

from pathlib import Path

import pytest

from stylenet.catalog.naming import is_name, split_style
from stylenet.catalog.recipes import recipe_names


def test_one_of_a_networks_styles_is_named_behind_its_file(tmp_path: Path) -> None:
    assert split_style("folder/many.safetensors:night") == ("folder/many.safetensors", "night")
    assert split_style("many.safetensors") == ("many.safetensors", "")
    assert split_style("C:/many.safetensors") == ("C:/many.safetensors", "")
    assert split_style("starry-night") == ("starry-night", "")
    (tmp_path / "odd.safetensors:name").touch()
    assert split_style(tmp_path / "odd.safetensors:name") == (str(tmp_path / "odd.safetensors:name"), "")


def test_is_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "draft").mkdir()
    (tmp_path / "mine").mkdir()
    names = recipe_names()
    assert is_name("draft", names)
    assert is_name("nothing-like-that", names)
    for word in ("mine", "./draft", "draft/", "draft.toml", tmp_path / "draft", Path("draft"), None):
        assert not is_name(word, names)
