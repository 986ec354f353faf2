"""`stylenet stylize` and `stylenet texture`."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Mapping, Sequence
from typing import Annotated, Any

import typer

from stylenet.cli import options
from stylenet.cli.fields import takes
from stylenet.errors import StylenetError, UsageError
from stylenet.requests.painting import PaintFileRequest


@takes(PaintFileRequest)
def stylize(
    photo: Annotated[str | None, typer.Argument(metavar="PHOTO", help="The photo to paint; -: standard input.", show_default=False)] = None,
    styles: options.Styles = None,
    *,
    output: options.OutputOrStream = None,
    blend: options.Blend = None,
    refine: options.Refine = False,
    quiet: options.Quiet = False,
    json: options.Json = False,
    given: Mapping[str, Any],
) -> None:
    """Paint a photo in one or several styles."""
    # In `--blend 0.3 0.7 photo.jpg a.jpg b.jpg`, the second share is in the position of the photo.
    shares, words = options.parse_blend(blend, [*([] if photo is None else [photo]), *(styles or [])])
    replays = "replay" in given
    if not replays and len(words) < 2:
        raise UsageError(f"missing argument '{'STYLE' if words else 'PHOTO'}'. See 'stylenet stylize --help'")
    photos = _photos(words) if not replays and not shares else words[:1]
    named = words[max(1, len(photos)) :]
    if not replays:
        options.check_photo(photos[0], named)
    if refine and replays:
        raise UsageError("--replay uses the options in the receipt; omit --refine")
    if refine:
        given = _with_refined_recipe(given)
    first = photos[0] if photos else None
    request = PaintFileRequest.of({**given, "photo": first, "styles": tuple(named), "blend": shares or None, "output": output})
    if len(photos) > 1:
        _paint_each(photos, request, quiet=quiet, json=json)
        return
    from stylenet.cli.painting import run_painting

    run_painting(request, quiet=quiet, json=json)


@takes(PaintFileRequest, without=("photo", "strength", "start", "masks", "feather", "protect", "keep_colors", "replay"))
def texture(
    styles: options.Styles = None,
    *,
    output: options.OutputOrStream = None,
    blend: options.Blend = None,
    quiet: options.Quiet = False,
    json: options.Json = False,
    given: Mapping[str, Any],
) -> None:
    """Paint a texture: the strokes and colors of a style, without a photo."""
    if not styles:
        raise UsageError("missing argument 'STYLE'. See 'stylenet texture --help'")
    shares, named = options.parse_blend(blend, styles)
    from stylenet.cli.painting import run_painting

    request = PaintFileRequest.of({**given, "styles": tuple(named), "blend": shares or None, "output": output})
    run_painting(request, quiet=quiet, json=json)


def _with_refined_recipe(given: Mapping[str, Any]) -> Mapping[str, Any]:
    if given.get("recipe", "instant") != "instant":
        raise UsageError(
            f"--refine cannot be combined with --recipe {given['recipe']}; "
            "use --start network to start any recipe from the result of instant"
        )
    return {**given, "recipe": "refined"}


def _photos(words: Sequence[str]) -> list[str]:
    """The photos among the arguments: all pictures before the first style that is not a picture, otherwise the first argument.

    Raises:
        UsageError: all arguments are pictures, so the second may be a photo or a style.
    """
    pictures = 0
    while pictures < len(words) and options.is_picture(words[pictures]):
        pictures += 1
    if pictures == len(words) and pictures > 2:
        *photos, last = words
        commands = "; ".join(f"stylenet stylize {shlex.quote(photo)} {shlex.quote(last)}" for photo in photos[:2])
        shares = " ".join("1" for _ in words[1:])
        raise UsageError(
            f"{len(photos)} pictures come before '{last}', and any of them may be a photo or a style. To paint each of them: {commands}"
            f"{'; ...' if len(photos) > 2 else ''}. To mix the pictures after the first as styles, give shares: --blend {shares}"
        )
    return list(words[:pictures]) if 1 < pictures < len(words) else list(words[:1])


def _paint_each(photos: Sequence[str], request: PaintFileRequest, *, quiet: bool, json: bool) -> None:
    """Paint several photos with one stylizer; if one fails, the others are still painted."""
    from stylenet.cli.painting import run_painting
    from stylenet.workflows.painting import open_for, with_recipe
    from stylenet.workflows.several_photos import requests_for

    first, *others = requests_for(photos, request)
    others = [with_recipe(other) for other in others]  # so that a notice about the default recipe is shown only once
    stylizer = open_for(with_recipe(first))
    failed: list[StylenetError] = []
    for single in (first, *others):
        try:
            run_painting(single, quiet=quiet, json=json, stylizer=stylizer)
        except StylenetError as error:
            failed.append(error)
            print(f"stylenet: error: {error}", file=sys.stderr)
    if failed:
        print(f"stylenet: {len(failed)} of {len(photos)} photos could not be painted", file=sys.stderr)
        raise typer.Exit(failed[0].exit_code)
