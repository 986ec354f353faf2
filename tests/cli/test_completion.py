"""Shell completion."""

from __future__ import annotations

from stylenet.cli import completion


def test_names_are_completed() -> None:
    assert "starry-night" in completion.complete_style("starry")
    assert "great-wave" not in completion.complete_style("starry")
    assert {"instant", "standard"} <= set(completion.complete_recipe(""))
    assert completion.complete_weights("vgg19-k") == ["vgg19-keras", "vgg19-keras-top"]
