"""Two processes compute the same updates as one."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from stylenet.errors import UsageError
from stylenet.training.checkpoint import CHECKPOINT, under
from stylenet.training.processes import Processes, current_processes
from tests.training.conftest import UNBIASED, Make
from tests.training.test_trainer import kept, run

CHILD = """
import os, sys
from pathlib import Path
import torch
torch.set_num_threads(1)
from tests.training.conftest import UNBIASED, plan, tiny_encoder
from stylenet.image.crops import find_pictures
from stylenet.image.files import load_image
from stylenet.training.one_style import OneStyleTask
from stylenet.training.processes import process_group
from stylenet.training.trainer import Trainer

here, device = Path(sys.argv[1]), torch.device("cpu")
numbers = plan(batch=4, steps=3)
pixels, photos = load_image(here / "the-painting.png").pixels, find_pictures(here / "photos")
with process_group(device) as processes:
    for stopped in (True, False):
        task = OneStyleTask(pixels, photos, record=UNBIASED, encoder=tiny_encoder(), plan=numbers, style_px=64)
        trainer = Trainer(task, numbers, here / "two", device=device, dtype=torch.float32, processes=processes)
        stop = lambda: stopped and processes.rank == 1
        print(*(event.loss for event in trainer.events(stop) if hasattr(event, "loss")), trainer.step, trainer.reason)
        torch.distributed.barrier()
"""


def in_two(here: Path) -> list[str]:
    """Output of two processes that share a training, as started by torchrun: the second is stopped, then both resume."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    root = Path(__file__).parents[2]
    shared = {
        **os.environ,
        "MASTER_ADDR": "127.0.0.1",
        "MASTER_PORT": str(port),
        "WORLD_SIZE": "2",
        "GLOO_SOCKET_IFNAME": "lo",
        "OMP_NUM_THREADS": "1",
        "PYTHONPATH": os.pathsep.join((str(root), str(root / "src"))),
    }
    started = [
        subprocess.Popen(
            [sys.executable, "-c", CHILD, str(here)],
            env={**shared, "RANK": str(rank), "LOCAL_RANK": str(rank)},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for rank in range(2)
    ]
    ended = [process.communicate(timeout=180) for process in started]
    assert all(process.returncode == 0 for process in started), ended
    return [out for out, _ in ended]


@pytest.mark.skipif(sys.platform != "linux", reason="the name of the loopback device is Linux's")
def test_two_processes_equal_one_and_end_together(make: Make, tmp_path: Path) -> None:
    (tmp_path / "two").mkdir()
    first, second = in_two(tmp_path)
    assert first == second
    stopped, ended = (line.split() for line in first.splitlines())
    assert stopped[1:] == ["1", "interrupted"]  # only the second was asked to stop: both did, after the same update
    assert ended[2:] == ["3", "finished"]

    one = make("one", record=UNBIASED, batch=4, steps=3)
    losses = [update.loss for update in run(one)]
    assert [float(word) for word in (stopped[0], *ended[:2])] == pytest.approx(losses, rel=1e-4)
    # Gradients are compared by Adam's memory of them: shifts that a later normalization takes away have gradients of mere rounding,
    # which Adam makes as large as the others' in the weights.
    shared, alone = load_file(tmp_path / "two" / CHECKPOINT), kept(one)
    gradients = [name for name in alone if name.endswith("exp_avg")]
    largest = max(float(alone[name].abs().max()) for name in gradients)
    assert all(torch.allclose(shared[name], alone[name], atol=2e-3 * largest) for name in gradients)
    photo = torch.rand(1, 3, 40, 50, generator=torch.Generator().manual_seed(0))
    painted = []
    for tensors in (shared, alone):
        one.task.network.load_state_dict(under("network", tensors))
        painted.append(one.task.network(photo).detach())
    assert torch.allclose(painted[0], painted[1], atol=1e-3)


def test_shares_are_the_whole_batch() -> None:
    shares = [Processes(rank, 3).share(12) for rank in range(3)]
    assert [place for share in shares for place in share] == list(range(12))


def test_a_batch_that_cannot_be_shared_is_rejected() -> None:
    with pytest.raises(UsageError, match=r"a batch of 5 cannot be divided among 2 processes; give a multiple of 2"):
        Processes(0, 2).share(5)


def test_alone_where_nothing_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("RANK", "WORLD_SIZE"):
        monkeypatch.delenv(name, raising=False)
    assert current_processes() == Processes(0, 1)
    monkeypatch.setenv("RANK", "2")
    monkeypatch.setenv("WORLD_SIZE", "4")
    monkeypatch.setenv("MASTER_ADDR", "localhost")
    monkeypatch.setenv("MASTER_PORT", "29500")
    assert current_processes() == Processes(2, 4)
    assert not current_processes().first


@pytest.mark.parametrize(
    ("variables", "told"),
    [
        ({"WORLD_SIZE": "many"}, r"WORLD_SIZE is 'many' in the environment, but must be a whole number; start the training with torchrun"),
        ({"RANK": "x"}, r"RANK is 'x'"),
        ({"WORLD_SIZE": "2"}, r"WORLD_SIZE is 2 in the environment, but RANK is not set"),
        ({"WORLD_SIZE": "2", "RANK": "1"}, r"MASTER_ADDR is not set"),
        ({"WORLD_SIZE": "0"}, r"ranks go from 0"),
        ({"RANK": "3"}, r"RANK 3"),
    ],
)
def test_a_stray_environment_is_said_in_words(monkeypatch: pytest.MonkeyPatch, variables: dict[str, str], told: str) -> None:
    for name in ("RANK", "WORLD_SIZE", "LOCAL_RANK", "MASTER_ADDR", "MASTER_PORT"):
        monkeypatch.delenv(name, raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(UsageError, match=told):
        current_processes()
