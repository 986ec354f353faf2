"""`stylenet doctor`: what is installed, and how fast it is."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Annotated, Any

import typer

from stylenet.cli import options
from stylenet.errors import UsageError
from stylenet.extras import command, is_installed
from stylenet.requests.painting import RecipeOptions

if TYPE_CHECKING:
    from stylenet.evaluation.machine import PassSpeed, Speed


def doctor(
    *,
    seconds: Annotated[float, typer.Option("--seconds", min=0.1, max=600, help="How long the self-test paints.")] = 5.0,
    device: options.Device = None,
    precision: options.Precision = None,
    threads: options.Threads = None,
    json: options.JsonList = False,
) -> None:
    """Report the hardware, the installed packages, and how fast this machine paints."""
    if seconds != seconds:  # Typer lets NaN pass, which would never end
        raise UsageError("--seconds is nan; allowed: 0.1 to 600")
    from stylenet.cli.tables import print_facts
    from stylenet.evaluation.installation import describe_installation
    from stylenet.evaluation.machine import describe_machine, measure_pass, measure_speed

    has_torch = is_installed("torch")
    chosen_options = RecipeOptions.of({"device": device, "precision": precision, "threads": threads})
    if has_torch:
        from stylenet.engines.devices import set_threads

        set_threads(chosen_options.threads)
    machine, installed = describe_machine(), describe_installation()
    if not json:
        print_facts(_machine_facts(machine))
        print_facts(_installed_facts(installed))
        print(f"self-test     painting for {seconds:g} s ...", flush=True)
    chosen: dict[str, Any] = {"seconds": seconds, "device": device or "auto", "precision": precision or "auto"}
    speed = measure_speed(**chosen) if has_torch else measure_pass(**chosen, threads=threads)
    if json:
        import msgspec

        print(msgspec.json.encode({"machine": machine, "installed": installed, "speed": vars(speed)}).decode())
        return
    _print_speed(speed)
    problems = [name for name, facts in installed["packaged"].items() if facts["problem"] and has_torch]
    problems += [f"style '{name}'" for name in installed["unusable_styles"]]
    print(f"problems: {', '.join(problems)} (see above)" if problems else "no problems found")


def _print_speed(speed: Speed | PassSpeed) -> None:
    from stylenet.evaluation.machine import Speed

    if isinstance(speed, Speed):
        measured = f"({speed.device}, {speed.precision}, {speed.steps} steps measured)"
        print(f"speed         {speed.steps_per_second:.1f} steps a second at 512 x 512 {measured}")
        print(f"estimate      {speed.estimate_seconds:.0f} s for a picture of that size with the default recipe")
    else:
        measured = f"({speed.device}, {speed.precision}, {speed.passes} pictures measured)"
        print(f"speed         {speed.seconds:.2f} s for a picture of 512 x 512 with recipe instant {measured}")


def _machine_facts(machine: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    yield "system      ", machine["system"]
    yield "processor", f"{machine['processor']}, {machine['cores']} cores, {machine['threads']} threads used"
    if is_installed("torch"):
        units = ", ".join(machine["bfloat16_units"])
        yield "bfloat16", units or "not supported: computing in float32, about four times slower"
    yield "memory", f"{machine['memory_bytes'] / 2**30:.1f} GiB" if machine["memory_bytes"] else ""
    accelerators = [*machine["cuda"], *(["Apple GPU (mps)"] if machine["mps"] else [])]
    none = "none" if is_installed("torch") else "not detected without torch"
    yield "accelerator", ", ".join(accelerators) or f"{none}: painting on the CPU"


def _installed_facts(installed: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    packages = ", ".join(f"{name} {version}" for name, version in installed["packages"].items() if version)
    missing = [name for name, there in installed["extras"].items() if not there]
    yield "stylenet    ", f"{installed['stylenet']}, Python {installed['python']}, {packages}"
    yield "extras", f"missing: {', '.join(missing)}; install with: {command(*missing)}" if missing else "all installed"
    yield "weights", ", ".join(installed["weights"]) or "none: install stylenet again"
    for name, facts in installed["packaged"].items():
        state = f"{facts['path']} ({_megabytes(facts['size_bytes'])}), checksum correct" if facts["path"] else facts["problem"]
        yield name, state
    yield "library", f"{installed['styles']} styles, {installed['recipes']} recipes"
    for name, problem in installed["unusable_styles"].items():
        yield f"style {name}", problem
    cache = f"{installed['cache']} ({_megabytes(installed['cache_bytes'])})"
    yield "cache", f"{cache}, offline: nothing is downloaded" if installed["offline"] else cache


def _megabytes(size_bytes: int) -> str:
    return f"{size_bytes / 1e6:.1f} MB"
