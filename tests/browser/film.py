"""Films and pictures of phones that show a code."""

import io
import math

from PIL import Image, ImageDraw, ImageFilter

SIZE = (1280, 720)


def png(picture):
    out = io.BytesIO()
    picture.save(out, "PNG")
    return out.getvalue()


def code(path, scale):
    """The code in this file, which has one pixel for each module."""
    picture = Image.open(path).convert("L")
    return picture.resize([side * scale for side in picture.size], Image.NEAREST)


def phone(path):
    """A phone's screen with the code as wide as it goes."""
    symbol = code(path, 6)
    screen = Image.new("L", (symbol.width + 60, int(symbol.width * 1.35)), 250)
    screen.paste(symbol, (30, 90))
    body = Image.new("L", (screen.width + 40, screen.height + 60), 25)
    body.paste(screen, (20, 30))
    return body


def frame(body, step):
    """The phone in a hand before a desk: turned, tilted, blurred, unevenly lit, noisy."""
    height = int(SIZE[1] * 1.12)
    body = body.resize((int(body.width * height / body.height), height), Image.BICUBIC)
    width, tilt = body.width, 12 * math.sin(step / 5)
    corners = (-tilt, -6, tilt / 2, height + 4, width + tilt, height - 6, width - tilt, 8)
    body = body.transform(body.size, Image.QUAD, corners, Image.BICUBIC, fillcolor=70)
    body = body.rotate(4 * math.sin(step / 7), Image.BICUBIC, expand=True, fillcolor=70)
    scene = Image.new("L", SIZE, 70)
    scene.paste(body, ((SIZE[0] - body.width) // 2 + int(10 * math.sin(step / 3)), (SIZE[1] - body.height) // 2))
    light = Image.linear_gradient("L").resize(SIZE).point(lambda value: 175 + value // 4)
    scene = Image.composite(scene, Image.new("L", SIZE, 20), light).filter(ImageFilter.GaussianBlur(0.8))
    noise = Image.effect_noise(SIZE, 10)
    return Image.blend(scene, noise, 0.06)


def film(path, out, seconds=2, rate=10):
    """MJPEG, which Chromium's fake camera plays again and again: an empty desk, then a phone that is held up."""
    body = phone(path)
    with out.open("wb") as file:
        for step in range(seconds * rate):
            picture = Image.new("L", SIZE, 70) if step < 4 else frame(body, step)
            picture.convert("RGB").save(file, "JPEG", quality=80)


def side_by_side(*paths):
    pictures = [code(path, 4) for path in paths]
    wide = Image.new("L", (sum(picture.width for picture in pictures), max(picture.height for picture in pictures)), 255)
    at = 0
    for picture in pictures:
        wide.paste(picture, (at, 0))
        at += picture.width
    return wide
