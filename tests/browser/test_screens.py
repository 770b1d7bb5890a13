"""How each state looks, beside a picture of it that somebody has looked at (`screens/`).

The pictures are small and compared as a whole: another font does not matter, another colour, shape or place does.
"""

import io
from pathlib import Path

import pytest
from PIL import Image, ImageChops, ImageStat

from desk import Desk

SCREENS = Path(__file__).with_name("screens")

WIDTH = 320

ALIKE = 9
"""Mean difference of the channels, of 255, up to which two pictures show the same."""

CASES = {
    "ready": (None, 1280, 800),
    "valid": ("id", 1280, 900),
    "valid-without-photo": ("id-no-photo", 1280, 900),
    "valid-under-age": ("under-age", 1280, 900),
    "not-valid": ("revoked", 1280, 800),
    "cannot-tell": ("early", 1280, 800),
    "cannot-tell-status": ("status-unknown", 1280, 900),
    "valid-320": ("id", 320, 1100),
    "not-valid-320": ("stale", 320, 700),
    "ready-320": (None, 320, 700),
    "valid-1920": ("residence", 1920, 1080),
    "valid-768": ("age", 768, 1024),
    "question": ("?", 1280, 900),
    "question-320": ("?", 320, 700),
    "question-1920": ("?", 1920, 1080),
}

DARK, FORCED = {"color_scheme": "dark"}, {"forced_colors": "active"}

# What the officer's system asks for besides.
AS_THE_SYSTEM_SAYS = {
    "ready-dark": (None, DARK),
    "question-dark": ("?", DARK),
    "valid-dark": ("id", DARK),
    "valid-under-age-dark": ("under-age", DARK),
    "not-valid-dark": ("forged", DARK),
    "cannot-tell-dark": ("early", DARK),
    "valid-forced": ("age", FORCED),
    "not-valid-forced": ("revoked", FORCED),
    "cannot-tell-forced": ("early", FORCED),
}
CASES |= {name: (case, 1280, 900, context) for name, (case, context) in AS_THE_SYSTEM_SAYS.items()}


@pytest.fixture
def registered(request, stage, tmp_path):
    """A counter that may ask."""
    programs = request.config.getoption("--programs").resolve()
    with Desk.program(programs, stage, tmp_path / "used", "--identity", stage / "identity") as url:
        yield url


def small(content):
    picture = Image.open(io.BytesIO(content)).convert("RGB")
    return picture.resize((WIDTH, round(picture.height * WIDTH / picture.width)), Image.LANCZOS)


def difference(one, other):
    if one.size != other.size:
        return 255
    return max(ImageStat.Stat(ImageChops.difference(one, other)).mean)


@pytest.mark.parametrize("name", CASES)
def test_state_looks_as_it_was_seen(browser, registered, proofs, stage, request, name):
    case, width, height, *context = CASES[name]
    with Desk(browser, registered, viewport={"width": width, "height": height}, **dict(*context)) as desk:
        if case == "?":
            desk.page.click("#asking button")
            desk.page.wait_for_selector("#question:not([hidden])")
            desk.page.evaluate("document.querySelector('#question img').decode()")
            desk.page.wait_for_timeout(200)
            place = desk.page.locator("#question").bounding_box()
            assert place["y"] >= 0 and place["y"] + place["height"] <= height + 1, "the code and the words to it are in sight"
            # Another each time.
            desk.page.evaluate("document.querySelector('#question img').style.filter = 'contrast(0)'")
        elif case:
            desk.paste(proofs[case]["digits"])
            desk.result()
            desk.page.evaluate("Promise.all([...document.images].filter((it) => it.src).map((it) => it.decode()))")
        content = desk.page.screenshot()
    (stage / f"{name}.png").write_bytes(content)
    seen = small(content)
    reference = SCREENS / f"{name}.png"
    if request.config.getoption("--keep-screens"):
        seen.quantize(64).save(reference, optimize=True)
    assert difference(seen, Image.open(reference).convert("RGB")) < ALIKE


def test_states_look_different_from_each_other_without_colour():
    names = ["valid-forced", "not-valid-forced", "cannot-tell-forced"]
    signs = [Image.open(SCREENS / f"{name}.png").convert("L").crop((12, 20, 52, 60)) for name in names]
    for at, one in enumerate(signs):
        for other in signs[at + 1 :]:
            assert difference(one.convert("RGB"), other.convert("RGB")) > ALIKE, "by their signs alone"
    names = ["ready", "not-valid", "cannot-tell"]
    pictures = [Image.open(SCREENS / f"{name}.png").convert("L").crop((0, 0, WIDTH, 120)) for name in names]
    for at, one in enumerate(pictures):
        for other in pictures[at + 1 :]:
            assert difference(one.convert("RGB"), other.convert("RGB")) > ALIKE
