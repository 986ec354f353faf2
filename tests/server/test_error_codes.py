"""Error codes: all are documented."""

from __future__ import annotations

import ast
import re
from pathlib import Path

from starlette.testclient import TestClient

import stylenet
from stylenet.errors import StylenetError
from stylenet.server.error_codes import CODES, NOTICES


def test_the_codes_are_described_for_programs_and_for_people(shared: TestClient) -> None:
    api = shared.get("/openapi.json").json()
    schema = api["components"]["schemas"]["ErrorBody"]
    assert {each["const"]: each["description"] for each in schema["properties"]["code"]["oneOf"]} == CODES
    assert {"code", "error"} <= set(schema["required"])
    assert all(f"<code>{code}</code>" in shared.get("/docs").text for code in CODES)
    assert all(f"<code>{code}</code>" in shared.get("/docs").text for code in NOTICES)
    page, _, section = re.search(r"(docs/[\w.]+)(#)([\w-]+)", api["info"]["description"]).groups()  # type: ignore[union-attr]
    assert f"## {section.replace('-', ' ').capitalize()}" in (Path(__file__).parents[2] / page).read_text(encoding="utf-8")


def test_every_code_in_the_source_is_described() -> None:
    used = {StylenetError.code, *(kind.code for kind in StylenetError.__subclasses__())}
    for path in Path(stylenet.__file__).parent.rglob("*.py"):
        for call in (node for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))) if isinstance(node, ast.Call)):
            name = getattr(call.func, "id", getattr(call.func, "attr", ""))
            given = [word.value for word in call.keywords if word.arg == "code"] if name.endswith(("Error", "ErrorBody", "_fail")) else []
            given += {
                "ApiError": call.args[1:2],
                "too_busy": call.args[:1],
                "_add_notice": call.args[1:2],
                "CodedNotice": call.args[1:2],
            }.get(name, [])
            choices = [choice for value in given for choice in ([value.body, value.orelse] if isinstance(value, ast.IfExp) else [value])]
            used |= {str(choice.value) for choice in choices if isinstance(choice, ast.Constant)}
    elsewhere = {"process-lost", "not-found", "method-not-allowed"}  # a default value, and a choice by status
    assert used | elsewhere == {*CODES, *NOTICES}
