"""Draws the portraits of the sandbox's invented citizens.

Every face is drawn from the table PEOPLE below: these are drawings of nobody, made so that the repository can ship
portraits without showing a living person. Each is painted at eight times its size, scaled down to 72×96 and stored as
WebP of at most 600 bytes, which is what an identity proof has room for, and as JPEG of about 15 KB, which is what the
simulated cards hold.

    python -m venv /tmp/draw && /tmp/draw/bin/pip install pillow
    /tmp/draw/bin/python tests/sandbox/portraits/draw.py
"""

import io
import math
from dataclasses import dataclass
from pathlib import Path

from PIL import Image, ImageChops, ImageDraw, ImageFilter

SCALE = 8
WIDTH, HEIGHT = 72, 96
MAX_BYTES = 600
CHIP_WIDTH, CHIP_HEIGHT = 360, 480
CHIP_MAX_BYTES = 15_000
GREY = (196, 198, 200)
FRAME = (6, 7, 66, 87)  # what of the drawing is kept: left, top, right, bottom


@dataclass(frozen=True)
class Face:
    """One drawn head; lengths are in output pixels."""

    skin: tuple
    hair: tuple
    style: str
    coat: tuple
    collar: str = "shirt"
    half_width: float = 16.0
    jaw: float = 0.62
    chin: float = 68.0
    brow: float = 1.3
    brow_tilt: float = 0.0
    eye_gap: float = 7.6
    eye_open: float = 1.5
    nose: float = 2.8
    mouth: float = 5.6
    smile: float = 0.5
    lips: tuple = (168, 92, 88)
    age: float = 0.0
    glasses: str = ""
    beard: str = ""
    scarf: tuple = ()


LIGHT, FAIR, TAN, BROWN, DEEP = (238, 205, 180), (230, 190, 160), (212, 166, 132), (190, 140, 104), (160, 112, 82)
BLACK, SOFT, GREYING, WHITE = (28, 24, 26), (52, 38, 34), (120, 116, 116), (224, 224, 226)

# fmt: off
PEOPLE = {
    1: Face(FAIR, BLACK, "long", (40, 58, 98), half_width=15.2, jaw=0.56, lips=(188, 84, 88), smile=0.9),
    2: Face(TAN, BLACK, "short", (236, 238, 240), half_width=16.6, jaw=0.72, brow=1.8, chin=69),
    3: Face(LIGHT, SOFT, "bob", (150, 54, 70), half_width=15.6, jaw=0.6, glasses="round", lips=(192, 90, 96)),
    4: Face(TAN, WHITE, "receding", (74, 78, 84), "jacket", half_width=15.8, jaw=0.7, age=0.9, brow=1.6,
        eye_open=1.1, beard="goatee", smile=0.2),
    5: Face(FAIR, BLACK, "fringe", (240, 240, 236), half_width=15.8, jaw=0.54, chin=66, eye_open=1.8, smile=0.8,
        lips=(186, 100, 98)),
    6: Face(BROWN, BLACK, "crew", (60, 92, 66), half_width=16.8, jaw=0.78, brow=1.9, brow_tilt=0.5, mouth=6.2,
        smile=0.1),
    7: Face(BROWN, GREYING, "scarf", (38, 44, 72), "round", half_width=15.4, jaw=0.6, age=1.0, eye_open=1.0,
        scarf=(34, 40, 84), lips=(150, 84, 80)),
    8: Face(DEEP, BLACK, "short", (150, 40, 40), "round", half_width=16.2, jaw=0.68, nose=3.4, mouth=6.4,
        smile=0.6, lips=(130, 70, 66)),
    9: Face(BROWN, BLACK, "bun", (36, 36, 40), "round", half_width=15.6, jaw=0.6, brow=1.2, lips=(176, 76, 78),
        smile=0.7),
    10: Face(FAIR, GREYING, "side", (44, 52, 66), "jacket", half_width=16.4, jaw=0.7, age=0.55,
         glasses="square", smile=0.3),
    11: Face(TAN, BLACK, "scarf", (98, 84, 120), "round", half_width=15.4, jaw=0.58, scarf=(186, 170, 190),
         eye_open=1.7, lips=(182, 88, 88), smile=0.7),
    12: Face(TAN, BLACK, "side", (66, 84, 112), half_width=16.2, jaw=0.66, beard="moustache", brow=1.7,
         smile=0.4),
    13: Face(LIGHT, SOFT, "wavy", (64, 104, 108), half_width=15.8, jaw=0.6, age=0.35, lips=(184, 78, 84),
         smile=1.0),
    14: Face(FAIR, BLACK, "curtain", (120, 126, 132), half_width=15.6, jaw=0.6, brow=1.5, chin=68.5,
         glasses="thin", smile=0.4),
    15: Face(TAN, GREYING, "bald", (92, 74, 60), half_width=16.8, jaw=0.76, age=0.5, beard="stubble", brow=1.6,
         smile=0.5),
    16: Face(FAIR, WHITE, "bun", (110, 64, 84), "round", half_width=15.2, jaw=0.58, age=0.85, glasses="thin",
         eye_open=1.1, lips=(168, 92, 94), smile=0.6),
}
# fmt: on


class Canvas:
    """A large picture on which shapes are given in output pixels."""

    def __init__(self):
        self.image = Image.new("RGB", (WIDTH * SCALE, HEIGHT * SCALE), GREY)

    def mask(self, points, blur=0.0):
        """The area inside a closed line, optionally softened."""
        area = Image.new("L", self.image.size, 0)
        ImageDraw.Draw(area).polygon([(x * SCALE, y * SCALE) for x, y in points], fill=255)
        return area.filter(ImageFilter.GaussianBlur(blur * SCALE)) if blur else area

    def fill(self, points, colour, blur=0.0, alpha=1.0, within=None):
        """Paints an area; `within` keeps the paint inside another mask."""
        area = self.mask(points, blur)
        if within is not None:
            area = ImageChops.multiply(area, within)
        area = area.point(lambda v: round(v * alpha))
        self.image.paste(Image.new("RGB", self.image.size, colour), (0, 0), area)

    def stroke(self, points, colour, width, blur=0.0, alpha=1.0):
        """Paints an open line with round ends."""
        area = Image.new("L", self.image.size, 0)
        draw = ImageDraw.Draw(area)
        line = [(x * SCALE, y * SCALE) for x, y in points]
        draw.line(line, fill=255, width=max(1, round(width * SCALE)), joint="curve")
        radius = width * SCALE / 2
        for x, y in (line[0], line[-1]):
            draw.ellipse((x - radius, y - radius, x + radius, y + radius), fill=255)
        if blur:
            area = area.filter(ImageFilter.GaussianBlur(blur * SCALE))
        area = area.point(lambda v: round(v * alpha))
        self.image.paste(Image.new("RGB", self.image.size, colour), (0, 0), area)


def shade(colour, factor):
    """A darker (factor below 1) or lighter colour."""
    return tuple(max(0, min(255, round(c * factor))) for c in colour)


def ellipse(x, y, rx, ry, start=0.0, end=360.0):
    """Points of an ellipse or of an arc of one; angles in degrees, clockwise from the right."""
    steps = [start + (end - start) * i / 64 for i in range(65)]
    return [(x + rx * math.cos(math.radians(a)), y + ry * math.sin(math.radians(a))) for a in steps]


def curve(a, control, b):
    """Points of a quadratic Bézier line."""
    at = [i / 24 for i in range(25)]
    return [tuple((1 - t) ** 2 * p + 2 * t * (1 - t) * q + t * t * r for p, q, r in zip(a, control, b)) for t in at]


MIDDLE = WIDTH / 2
CROWN, EYES = 18.0, 45.0


def head_line(face):
    """The outline of the skull, cheeks and jaw."""
    right = []
    for i in range(49):
        t = i / 48
        y = CROWN + (face.chin - CROWN) * t
        if t < 0.5:
            x = face.half_width * math.sqrt(max(0.0, 1 - ((0.5 - t) / 0.5) ** 2.3))
        else:
            down = (t - 0.5) / 0.5
            x = face.half_width * (1 - (1 - face.jaw) * down**1.7) * math.sqrt(max(0.0, 1 - down**5.5))
        right.append((x, y))
    return [(MIDDLE + x, y) for x, y in right] + [(MIDDLE - x, y) for x, y in reversed(right)]


def draw_body(c, face):
    neck = face.half_width * 0.52
    skin = shade(face.skin, 0.86)
    c.fill([(MIDDLE - neck, 58), (MIDDLE + neck, 58), (MIDDLE + neck + 2, 84), (MIDDLE - neck - 2, 84)], skin)
    c.fill(ellipse(MIDDLE, face.chin + 1, neck + 1, 5), shade(face.skin, 0.62), blur=1.6, alpha=0.8)
    left = curve((2, 97), (6, 80), (MIDDLE - neck - 1, 76))
    right = curve((MIDDLE + neck + 1, 76), (WIDTH - 6, 80), (WIDTH - 2, 97))
    dip = {"shirt": 90, "jacket": 96, "round": 82}[face.collar]
    c.fill(left + curve((MIDDLE - neck - 1, 76), (MIDDLE, dip), (MIDDLE + neck + 1, 76)) + right, face.coat)
    c.fill(ellipse(10, 97, 9, 16), shade(face.coat, 0.7), blur=3, alpha=0.6, within=c.mask(left + right))
    if face.collar == "round":
        c.stroke(curve((MIDDLE - neck - 1, 76), (MIDDLE, dip), (MIDDLE + neck + 1, 76)), shade(face.coat, 1.35), 1.2)
        return
    shirt = (238, 238, 240) if face.collar == "jacket" else shade(face.coat, 1.15)
    for side in (-1, 1):
        edge = MIDDLE + side * (neck + 1.5)
        c.fill([(edge, 74), (MIDDLE, 86), (MIDDLE + side * 5, 90), (edge + side * 3, 79)], shirt)
        c.stroke([(MIDDLE, 86), (MIDDLE + side * 5, 90), (edge + side * 3, 79)], shade(face.coat, 0.55), 0.5)
    if face.collar == "jacket":
        c.fill([(MIDDLE - 2, 86), (MIDDLE + 2, 86), (MIDDLE + 3, 97), (MIDDLE - 3, 97)], (96, 34, 42))


def draw_hair_behind(c, face):
    w = face.half_width
    if face.style in ("long", "wavy"):
        bulge = 5.0 if face.style == "wavy" else 3.2
        side = curve((MIDDLE - w, 26), (MIDDLE - w - bulge - 2, 50), (MIDDLE - w - bulge + 2, 82))
        c.fill(ellipse(MIDDLE, 34, w + 3.4, 20), face.hair)
        c.fill(side + [(2 * MIDDLE - x, y) for x, y in reversed(side)], face.hair)
    elif face.style == "bob":
        c.fill(ellipse(MIDDLE, 36, w + 4, 22), face.hair)
        c.fill([(MIDDLE - w - 4, 38), (MIDDLE + w + 4, 38), (MIDDLE + w + 2.5, 65), (MIDDLE - w - 2.5, 65)], face.hair)
    elif face.style == "bun":
        c.fill(ellipse(MIDDLE, 15, 7, 6), face.hair)
        c.fill(ellipse(MIDDLE, 33, w + 1.4, 19), face.hair)
    elif face.style == "fringe":
        c.fill(ellipse(MIDDLE, 35, w + 2.8, 21), face.hair)
        c.fill([(MIDDLE - w - 2.4, 38), (MIDDLE + w + 2.4, 38), (MIDDLE + w + 1, 58), (MIDDLE - w - 1, 58)], face.hair)
    elif face.style not in ("bald", "receding", "scarf"):
        c.fill(ellipse(MIDDLE, 33, w + 1.6, 18.5), face.hair)


def draw_head(c, face, line):
    for side in (-1, 1):
        ear = ellipse(MIDDLE + side * (face.half_width + 0.3), 47, 2.2, 5)
        if face.style not in ("long", "wavy", "bob", "scarf", "fringe"):
            c.fill(ear, shade(face.skin, 0.88))
            c.stroke(ellipse(MIDDLE + side * (face.half_width + 0.6), 47, 1, 3), shade(face.skin, 0.66), 0.5)
    c.fill(line, face.skin)
    inside = c.mask(line)
    dark = shade(face.skin, 0.74)
    c.fill(ellipse(MIDDLE - face.half_width, 54, 6.5, 18), dark, blur=3, alpha=0.6, within=inside)
    c.fill(ellipse(MIDDLE + face.half_width + 2, 56, 5.5, 16), dark, blur=3, alpha=0.45, within=inside)
    c.fill(ellipse(MIDDLE, face.chin + 1, 12, 3.5), dark, blur=2, alpha=0.6, within=inside)
    c.fill(ellipse(MIDDLE + 3, 32, 9, 6), shade(face.skin, 1.1), blur=4, alpha=0.6, within=inside)
    for side in (-1, 1):
        blush = ellipse(MIDDLE + side * 9, 54, 4, 3)
        c.fill(blush, (214, 128, 112), blur=2, alpha=0.22 * (1 - 0.6 * face.age), within=inside)


def draw_eyes(c, face):
    lid = shade(face.skin, 0.5)
    for side in (-1, 1):
        x = MIDDLE + side * face.eye_gap
        c.fill(ellipse(x, EYES - 0.4, 4.8, 3), shade(face.skin, 0.76), blur=1.2, alpha=0.7)
        outline = curve((x - 3.6, EYES + 0.3), (x, EYES - face.eye_open * 2), (x + 3.6, EYES + 0.3))
        outline += curve((x + 3.6, EYES + 0.3), (x, EYES + face.eye_open * 1.3), (x - 3.6, EYES + 0.3))
        c.fill(outline, (242, 238, 234))
        c.fill(ellipse(x, EYES - 0.1, 1.75, 1.75), (34, 22, 18), within=c.mask(outline))
        c.fill(ellipse(x + 0.6, EYES - 0.7, 0.5, 0.5), (250, 250, 250))
        upper = curve((x - 3.9, EYES + 0.5), (x, EYES - face.eye_open * 2 - 0.2), (x + 3.9, EYES + 0.4))
        c.stroke(upper, (30, 22, 20), 0.85)
        crease = [(px, py - 1.5) for px, py in upper[4:-4]]
        c.stroke(crease, lid, 0.4, alpha=0.6)
        brow_y = EYES - 5.6
        inner, outer = (x - side * 3.6, brow_y + 0.7 + face.brow_tilt), (x + side * 4.6, brow_y + 0.9)
        colour = face.hair if face.age < 0.7 else shade(GREYING, 0.9)
        c.stroke(curve(inner, (x + side * 1.2, brow_y - 1.5), outer), colour, face.brow, blur=0.15, alpha=0.9)
        if face.age > 0.3:
            bag = curve((x - 3.4, EYES + 2.8), (x, EYES + 4.6), (x + 3.4, EYES + 2.6))
            c.stroke(bag, lid, 0.5, blur=0.2, alpha=0.6 * face.age)


def draw_nose_and_mouth(c, face):
    dark = shade(face.skin, 0.6)
    tip = EYES + (face.chin - EYES) * 0.42
    c.fill(
        [(MIDDLE - 1.6, EYES + 1), (MIDDLE - 0.2, EYES), (MIDDLE - 1, tip), (MIDDLE - face.nose, tip)],
        dark,
        blur=0.9,
        alpha=0.4,
    )
    c.fill(ellipse(MIDDLE + 0.5, tip - 1.5, 1.1, 3), shade(face.skin, 1.14), blur=0.7, alpha=0.7)
    c.stroke(
        curve((MIDDLE - face.nose, tip - 0.6), (MIDDLE, tip + 2), (MIDDLE + face.nose, tip - 0.6)),
        dark,
        0.7,
        blur=0.2,
        alpha=0.8,
    )
    for side in (-1, 1):
        c.fill(ellipse(MIDDLE + side * 1.4, tip + 0.2, 0.8, 0.45), shade(face.skin, 0.38), blur=0.15)
    y = EYES + (face.chin - EYES) * 0.68
    lift = face.smile
    left, right = (MIDDLE - face.mouth, y - lift), (MIDDLE + face.mouth, y - lift)
    upper = curve(left, (MIDDLE - 2, y - 2.2), (MIDDLE, y - 1.1)) + curve(
        (MIDDLE, y - 1.1), (MIDDLE + 2, y - 2.2), right
    )
    c.fill(upper + curve(right, (MIDDLE, y + lift + 0.4), left), shade(face.lips, 0.86))
    c.fill(curve(left, (MIDDLE, y + lift + 0.2), right) + curve(right, (MIDDLE, y + 4.2), left), face.lips)
    c.stroke(curve(left, (MIDDLE, y + lift + 0.6), right), shade(face.lips, 0.45), 0.6)
    c.fill(ellipse(MIDDLE, y + 4, 4, 1), dark, blur=0.8, alpha=0.45)
    if face.age > 0.3:
        for side in (-1, 1):
            fold = curve(
                (MIDDLE + side * (face.nose + 1.4), tip - 1), (MIDDLE + side * 7.4, tip + 2.5), (MIDDLE + side * 7.6, y)
            )
            c.stroke(fold, dark, 0.6, blur=0.25, alpha=0.8 * face.age)
        for row in range(2):
            wrinkle = curve((MIDDLE - 8, 31.5 + row * 3), (MIDDLE, 30 + row * 3), (MIDDLE + 8, 31.5 + row * 3))
            c.stroke(wrinkle, dark, 0.5, blur=0.25, alpha=0.55 * face.age)
    return tip, y


def draw_beard(c, face, line, tip, mouth_y):
    hair = face.hair if face.age < 0.8 else (206, 206, 208)
    inside = c.mask(line)
    if face.beard in ("goatee", "moustache"):
        half = curve((MIDDLE, tip + 2.2), (MIDDLE + 4, tip + 2), (MIDDLE + face.mouth + 0.8, mouth_y - 0.4))
        half += curve((MIDDLE + face.mouth + 0.8, mouth_y - 0.4), (MIDDLE + 3, mouth_y - 2), (MIDDLE, mouth_y - 1.6))
        c.fill(half, hair, blur=0.25)
        c.fill([(2 * MIDDLE - x, y) for x, y in half], hair, blur=0.25)
    if face.beard == "goatee":
        c.fill(
            [
                (MIDDLE - 4, face.chin - 4),
                (MIDDLE + 4, face.chin - 4),
                (MIDDLE + 2, face.chin + 7),
                (MIDDLE - 2, face.chin + 7),
            ],
            hair,
            blur=0.5,
        )
    if face.beard == "stubble":
        jaw = curve((MIDDLE - 17, 52), (MIDDLE - 9, 62), (MIDDLE, tip + 3)) + curve(
            (MIDDLE, tip + 3), (MIDDLE + 9, 62), (MIDDLE + 17, 52)
        )
        c.fill(jaw + [(MIDDLE + 17, 74), (MIDDLE - 17, 74)], (60, 54, 54), blur=1.4, alpha=0.42, within=inside)
        y = mouth_y - face.smile
        ends = (MIDDLE - face.mouth, y), (MIDDLE + face.mouth, y)
        c.fill(curve(ends[0], (MIDDLE, y - 2.6), ends[1]) + curve(ends[1], (MIDDLE, y + 5), ends[0]), face.lips)
        c.stroke(curve(ends[0], (MIDDLE, y + 1.6), ends[1]), shade(face.lips, 0.45), 0.6)


def top_hair(face):
    """The edge of the hair over the forehead, from the left temple to the right."""
    w = face.half_width
    left, right = (MIDDLE - w - 0.6, 42), (MIDDLE + w + 0.6, 42)
    edges = {
        "short": curve(left, (MIDDLE - w + 1, 28), (MIDDLE - 6, 29))
        + curve((MIDDLE - 6, 29), (MIDDLE + w - 2, 25), right),
        "crew": curve(left, (MIDDLE - w + 2, 24), (MIDDLE, 25.5)) + curve((MIDDLE, 25.5), (MIDDLE + w - 2, 24), right),
        "side": curve(left, (MIDDLE - w + 3, 30), (MIDDLE - 8, 26)) + curve((MIDDLE - 8, 26), (MIDDLE + w, 30), right),
        "fringe": curve(left, (MIDDLE - w + 1, 38), (MIDDLE - 8, 37))
        + curve((MIDDLE - 8, 37), (MIDDLE + w - 1, 38), right),
        "curtain": curve(left, (MIDDLE - 10, 38), (MIDDLE, 26)) + curve((MIDDLE, 26), (MIDDLE + 10, 38), right),
        "long": curve((MIDDLE - w - 1, 50), (MIDDLE - w + 4, 36), (MIDDLE - 3, 25))
        + curve((MIDDLE - 3, 25), (MIDDLE + w - 4, 32), (MIDDLE + w + 1, 50)),
        "wavy": curve((MIDDLE - w - 2, 52), (MIDDLE - w + 7, 36), (MIDDLE + 5, 26))
        + curve((MIDDLE + 5, 26), (MIDDLE + w, 34), (MIDDLE + w + 2, 52)),
        "bob": curve((MIDDLE - w - 2, 54), (MIDDLE - w + 6, 34), (MIDDLE - 8, 33))
        + curve((MIDDLE - 8, 33), (MIDDLE + w - 1, 36), (MIDDLE + w + 2, 54)),
        "bun": curve(left, (MIDDLE - w + 2, 27), (MIDDLE, 25)) + curve((MIDDLE, 25), (MIDDLE + w - 2, 27), right),
    }
    return edges.get(face.style)


def draw_hair_in_front(c, face):
    w = face.half_width
    if face.style == "receding":
        for side in (-1, 1):
            tuft = curve(
                (MIDDLE + side * (w - 3.5), 27), (MIDDLE + side * (w + 3.5), 32), (MIDDLE + side * (w + 0.8), 47)
            )
            tuft += curve(
                (MIDDLE + side * (w + 0.8), 47), (MIDDLE + side * (w - 1), 38), (MIDDLE + side * (w - 3.5), 27)
            )
            c.fill(tuft, face.hair, blur=0.3)
        c.fill(ellipse(MIDDLE, 19, 9.5, 2.6), face.hair, blur=1.0, alpha=0.8)
        return
    if face.style == "bald":
        for side in (-1, 1):
            c.fill(ellipse(MIDDLE + side * (w + 0.2), 40, 1.3, 6), face.hair, blur=0.5, alpha=0.8)
        c.fill(ellipse(MIDDLE + 4, 24, 4, 2.4), shade(face.skin, 1.18), blur=1.6, alpha=0.8)
        return
    edge = top_hair(face)
    if edge is None:
        return
    lift = {
        "crew": 1.0,
        "side": 3.2,
        "curtain": 3.0,
        "long": 2.6,
        "wavy": 4.0,
        "bob": 3.0,
        "fringe": 2.4,
        "bun": 1.2,
    }.get(face.style, 2.2)
    first, last = edge[0], edge[-1]
    over = ellipse(
        MIDDLE, (first[1] + last[1]) / 2, (last[0] - first[0]) / 2, (first[1] + last[1]) / 2 - CROWN + lift, 360, 180
    )
    c.fill(edge + over, face.hair)
    gleam = curve((MIDDLE - w * 0.6, 25), (MIDDLE - 2, CROWN - lift + 1), (MIDDLE + w * 0.62, 23))
    c.stroke(gleam, shade(face.hair, 1.9) if max(face.hair) < 200 else (250, 250, 250), 1.6, blur=1.1, alpha=0.5)


def draw_scarf(c, face):
    w = face.half_width
    opening = ellipse(MIDDLE, 46, w - 0.6, 22.5)
    outer = ellipse(MIDDLE, 44, w + 5.4, 30, 180, 360) + curve(
        (MIDDLE + w + 5.4, 44), (MIDDLE + w + 5, 72), (MIDDLE + 27, 100)
    )
    outer += curve((MIDDLE - 27, 100), (MIDDLE - w - 5, 72), (MIDDLE - w - 5.4, 44))
    area = ImageChops.subtract(c.mask(outer), c.mask(opening))
    c.image.paste(Image.new("RGB", c.image.size, face.scarf), (0, 0), area)
    for line in (
        curve((MIDDLE - w - 3, 40), (MIDDLE - w - 2, 70), (MIDDLE - 2, 80)),
        curve((MIDDLE + w + 3, 44), (MIDDLE + w + 1, 72), (MIDDLE - 4, 86)),
    ):
        c.stroke(line, shade(face.scarf, 0.6), 1.2, blur=0.5, alpha=0.8)
    c.stroke(ellipse(MIDDLE, 46, w, 23, 200, 340), shade(face.scarf, 1.5), 1.0, blur=0.4, alpha=0.8)


def draw_glasses(c, face):
    colour, width = ((40, 34, 34), 1.0) if face.glasses != "thin" else ((96, 90, 88), 0.7)
    for side in (-1, 1):
        x = MIDDLE + side * face.eye_gap
        if face.glasses == "square":
            rim = [
                (x - 5.4, EYES - 3.2),
                (x + 5.4, EYES - 3.2),
                (x + 4.8, EYES + 4),
                (x - 4.8, EYES + 4),
                (x - 5.4, EYES - 3.2),
            ]
        else:
            rim = ellipse(x, EYES + 0.3, 5.4, 4.6)
        c.stroke(rim, colour, width)
        c.stroke([(x + side * 5.4, EYES - 1), (MIDDLE + side * (face.half_width + 0.4), EYES - 1.6)], colour, width)
    c.stroke(
        curve((MIDDLE - face.eye_gap + 5.2, EYES), (MIDDLE, EYES - 1.6), (MIDDLE + face.eye_gap - 5.2, EYES)),
        colour,
        width,
    )


def draw(face):
    """Paints one face, at eight times its size."""
    c = Canvas()
    line = head_line(face)
    draw_hair_behind(c, face)
    draw_body(c, face)
    draw_head(c, face, line)
    draw_eyes(c, face)
    tip, mouth_y = draw_nose_and_mouth(c, face)
    draw_beard(c, face, line, tip, mouth_y)
    draw_hair_in_front(c, face)
    if face.scarf:
        draw_scarf(c, face)
    if face.glasses:
        draw_glasses(c, face)
    frame = tuple(edge * SCALE for edge in FRAME)
    return c.image.crop(frame)


def encode(image):
    """Scaled down, the best WebP of at most MAX_BYTES."""
    image = image.resize((WIDTH, HEIGHT), Image.Resampling.LANCZOS)
    for quality in range(95, -1, -1):
        out = io.BytesIO()
        image.save(out, "WEBP", quality=quality, method=6)
        if out.tell() <= MAX_BYTES:
            return quality, out.getvalue()
    raise ValueError("does not fit")


def encode_for_chip(image):
    """The best JPEG of at most CHIP_MAX_BYTES, as the chips of identity cards hold."""
    image = image.resize((CHIP_WIDTH, CHIP_HEIGHT), Image.Resampling.LANCZOS)
    for quality in range(95, -1, -1):
        out = io.BytesIO()
        image.save(out, "JPEG", quality=quality)
        if out.tell() <= CHIP_MAX_BYTES:
            return quality, out.getvalue()
    raise ValueError("does not fit")


def main():
    here = Path(__file__).parent
    for number, face in PEOPLE.items():
        quality, data = encode(draw(face))
        (here / f"{number}.webp").write_bytes(data)
        print(f"{number}.webp  {len(data)} bytes, quality {quality}")
        quality, data = encode_for_chip(draw(face))
        (here / f"{number}.jpg").write_bytes(data)
        print(f"{number}.jpg  {len(data)} bytes, quality {quality}")


if __name__ == "__main__":
    main()
