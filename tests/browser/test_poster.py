"""The printed code as a PDF: drawn and read by poppler, its code read by zxing-cpp."""

import re
import subprocess

import pytest
import zxingcpp
from PIL import Image, ImageOps


@pytest.fixture
def poster(request, stage):
    """Runs `eid-counter poster` for the stage's counter."""
    program = request.config.getoption("--programs").resolve() / "eid-counter"

    def draw(out):
        command = [program, "poster", "--identity", stage / "identity", "--out", out]
        return subprocess.run(command, capture_output=True, text=True)

    return draw


def said(*command):
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def test_printed_page_is_read_by_others_letters_and_code(poster, stage, tmp_path):
    page = tmp_path / "poster.pdf"
    drawn = poster(page)
    assert drawn.returncode == 0 and "2027-11-21" in drawn.stderr, drawn.stderr
    facts = said("pdfinfo", page)
    assert re.search(r"Pages:\s+1\n", facts) and "(A4)" in facts and "Quầy 3 – Bệnh viện Mẫu" in facts, facts
    fonts = said("pdffonts", page).splitlines()[2:]
    assert len(fonts) == 2 and all(re.search(r" yes +no +yes ", font) for font in fonts), "embedded, and their letters known"
    text = " ".join(said("pdftotext", page, "-").split())
    for words in (
        "Xuất trình giấy tờ điện tử tại đây",
        "Show your digital ID here",
        "Quầy 3 – Bệnh viện Mẫu",
        "Danh tính · Chứng minh đủ tuổi",
        "Identity · Proof of age",
        "rp/0101234567-001",
        "2027-11-21",
    ):
        assert words in text, text

    wanted = (stage / "registration.txt").read_text()
    for dots, name in ((60, "screen"), (150, "fax"), (300, "printer")):
        said("pdftoppm", "-r", str(dots), "-gray", "-png", "-singlefile", page, tmp_path / name)
        picture = Image.open(tmp_path / f"{name}.png")
        [code] = zxingcpp.read_barcodes(picture)
        assert code.text == wanted, f"at {dots} dots an inch"
    millimetres = [value / 300 * 25.4 for value in (code.position.top_left.x, code.position.top_left.y, code.position.bottom_right.x)]
    side = millimetres[2] - millimetres[0]
    assert 110 < side < 130 and 40 < millimetres[0] < 50
    # White all around the code, four modules wide (of at least 57 a side).
    quiet = int(side / 65 * 4 / 25.4 * 300)
    left, top, right, bottom = code.position.top_left.x, code.position.top_left.y, code.position.bottom_right.x, code.position.bottom_right.y
    around = ImageOps.invert(picture.convert("L")).crop((left - quiet, top - quiet, right + quiet, bottom + quiet))
    dark = around.getbbox()
    assert min(dark[0], dark[1], around.width - dark[2], around.height - dark[3]) >= quiet - 6, (dark, around.size)


def test_poster_of_another_ending_is_refused(poster, tmp_path):
    for name in ("poster.png", "poster", "pdf"):
        refused = poster(tmp_path / name)
        assert refused.returncode == 2 and ".pdf or .svg" in refused.stderr, refused.stderr
    assert list(tmp_path.iterdir()) == []
    assert poster(tmp_path / "POSTER.SVG").returncode == 0
    assert poster(tmp_path / "missing" / "poster.pdf").returncode == 2
