"""Asking first, on the page: the code is shown, an answer must be for it, and what was asked ends."""

import io
import subprocess

import pytest
from PIL import Image

from desk import Desk


@pytest.fixture
def asking(request, browser, stage, tmp_path):
    """The page of a registered counter."""
    programs = request.config.getoption("--programs").resolve()
    with Desk.program(programs, stage, tmp_path / "used", "--identity", stage / "identity") as url:
        with Desk(browser, url) as desk:
            yield desk


def test_counter_that_is_not_registered_offers_no_question(desk):
    assert not desk.page.is_visible("#asking")


def test_question_shows_a_code_and_only_its_answer_counts(asking, proofs):
    page = asking.page
    assert page.inner_text("#asking select") == "Danh tính\nChứng minh đủ tuổi"
    page.click("#asking button")
    page.wait_for_selector("#question:not([hidden])")
    assert page.evaluate("document.querySelector('#question img').decode().then(() => true)")
    assert "Còn 1" in page.inner_text("#left") and not page.is_visible("#asking")
    picture = Image.open(io.BytesIO(page.locator("#question img").screenshot())).convert("L")
    assert picture.getextrema() == (0, 255) and picture.width > 300

    asking.paste(proofs["id"]["digits"])
    state, text = asking.result()
    assert (state, "tạo cho quầy khác" in text) == ("not_valid", True), "made for anybody, not for this question"
    asking.press("Escape")
    assert not page.is_visible("#question") and page.is_visible("#asking"), "the next person was not asked"
    asking.paste(proofs["id"]["digits"])
    assert asking.result()[0] == "valid"


def test_question_that_nobody_answers_ends_in_words(request, browser, stage, tmp_path):
    programs = request.config.getoption("--programs").resolve()
    options = ["--identity", stage / "identity"]
    with Desk.program(programs, stage, tmp_path / "used", *options) as url, Desk(browser, url) as desk:
        desk.page.clock.install()
        desk.page.reload()
        desk.page.wait_for_selector("#asking:not([hidden])")
        desk.page.click("#asking button")
        desk.page.wait_for_selector("#question:not([hidden])")
        desk.page.clock.run_for(117_000)
        assert desk.page.is_visible("#question") and desk.page.inner_text("#progress") == ""
        desk.page.clock.run_for(5_000)
        assert not desk.page.is_visible("#question") and desk.page.is_visible("#asking")
        assert "hết giờ" in desk.page.inner_text("#progress") and "hết giờ" in desk.page.inner_text("#speech")
        desk.press("Escape")
        assert desk.page.inner_text("#progress") == "" and desk.shows_nothing()


def test_poster_comes_from_the_page(asking, tmp_path):
    with asking.page.expect_download() as download:
        asking.page.click("#poster")
    assert download.value.suggested_filename == "poster.pdf"
    download.value.save_as(tmp_path / "poster.pdf")
    said = subprocess.run(["pdftotext", tmp_path / "poster.pdf", "-"], capture_output=True, text=True, check=True).stdout
    assert "Quầy 3 – Bệnh viện Mẫu" in said


def test_question_is_given_up_and_asked_again_by_keyboard(asking, proofs):
    page = asking.page
    page.focus("#purpose")
    page.select_option("#purpose", "age")
    page.uncheck("#with-photo")
    page.focus("#asking button")
    asking.press("Enter")
    page.wait_for_selector("#question:not([hidden])")
    first = page.get_attribute("#question img", "src")
    page.focus("#unask")
    asking.press("Enter")
    assert not page.is_visible("#question") and page.get_attribute("#question img", "src") is None
    page.focus("#asking button")
    asking.press("Enter")
    page.wait_for_selector("#question:not([hidden])")
    assert page.get_attribute("#question img", "src") != first, "each question has its own code"
    asking.paste(proofs["age"]["base45"])
    assert asking.result()[0] == "not_valid"
