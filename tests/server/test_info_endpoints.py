"""Endpoints for styles, recipes, and the state of the server."""

from __future__ import annotations

import re

import pytest
from starlette.testclient import TestClient

import stylenet
from stylenet.catalog.recipes import recipe_names
from stylenet.catalog.styles import StyleCard, list_styles
from stylenet.server import info_endpoints


def test_an_added_style_without_a_title_has_its_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(info_endpoints, "list_styles", lambda: (StyleCard(name="mine"), StyleCard(name="other", title="Another One")))
    assert [style.title for style in info_endpoints._styles.__wrapped__(0)] == ["mine", "Another One"]


def test_styles_and_recipes(shared: TestClient) -> None:
    styles = shared.get("/v1/styles").json()["styles"]
    assert [style["name"] for style in styles] == [card.name for card in list_styles()]
    assert all(re.fullmatch("#[0-9a-f]{6}", color) for style in styles for color, _ in style["colors"])
    recipes = shared.get("/v1/recipes").json()["recipes"]
    assert [recipe["name"] for recipe in recipes] == list(recipe_names())


def test_what_is_known_of_the_server(shared: TestClient) -> None:
    health = shared.get("/healthz").json()
    assert health == {"status": "ok", "version": stylenet.__version__, "torch": True, "jobs_waiting": 0, "jobs_running": 0}


def test_recipes_say_whether_they_work_here(shared: TestClient) -> None:
    recipes = {recipe["name"]: recipe for recipe in shared.get("/v1/recipes").json()["recipes"]}
    assert all(recipe["works_here"] and recipe["summary"] for recipe in recipes.values())
    assert recipes["standard"]["everyday"]
    assert not recipes["keras-2016"]["everyday"]


def test_the_token_of_the_address_becomes_a_cookie(shared: TestClient) -> None:
    answer = shared.get("/?token=word", follow_redirects=False)
    assert (answer.status_code, answer.headers["location"]) == (303, "/")
    assert answer.headers["set-cookie"].startswith("stylenet_token=word; HttpOnly")
