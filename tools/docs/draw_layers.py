"""Draw the imports between the packages of StyleNet, as the Mermaid diagram in docs/architecture.md.

    python tools/docs/draw_layers.py            # prints the diagram
    python tools/docs/draw_layers.py --write    # replaces the diagram in the page

Imports that follow from others are omitted (transitive reduction).
"""

from __future__ import annotations

import argparse
import re
from collections.abc import Iterable
from pathlib import Path

import grimp

PAGE = Path(__file__).resolve().parents[2] / "docs" / "architecture.md"
_BLOCK = re.compile(r"```mermaid\n.*?```", re.DOTALL)


def main() -> None:
    """Print the diagram, or write it into the page."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--write", action="store_true", help="replace the diagram in docs/architecture.md")
    if parser.parse_args().write:
        PAGE.write_text(_BLOCK.sub(lambda _: diagram(), PAGE.read_text(encoding="utf-8"), count=1), encoding="utf-8")
    else:
        print(diagram())


def diagram() -> str:
    """The diagram in Mermaid syntax."""
    imports = package_imports()
    arrows = [f"    {package} --> {imported}" for package in sorted(imports) for imported in sorted(direct_imports(imports, package))]
    return "\n".join(["```mermaid", "graph TD", *arrows, "```"])


def package_imports() -> dict[str, set[str]]:
    """The packages that each package imports directly."""
    graph = grimp.build_graph("stylenet")
    imports: dict[str, set[str]] = {}
    for module in graph.modules:
        package = _package(module)
        if package is None or package.startswith("__"):
            continue
        found = imports.setdefault(package, set())
        others = (_package(imported) for imported in graph.find_modules_directly_imported_by(module))
        found |= {other for other in others if other is not None and other != package}
    return imports


def direct_imports(imports: dict[str, set[str]], package: str) -> set[str]:
    """The packages that a package imports, except those that it also imports through others."""
    direct = imports[package]
    return {other for other in direct if not any(other in _all_imports(imports, via) for via in direct if via != other)}


def _all_imports(imports: dict[str, set[str]], package: str) -> set[str]:
    found: set[str] = set()
    waiting: list[Iterable[str]] = [imports.get(package, ())]
    while waiting:
        for other in waiting.pop():
            if other not in found:
                found.add(other)
                waiting.append(imports.get(other, ()))
    return found


def _package(module: str) -> str | None:
    parts = module.split(".")
    return parts[1] if len(parts) > 1 else None


if __name__ == "__main__":
    main()
