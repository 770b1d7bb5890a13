"""An answer over the network, on the page: shown like a scanned one, with what to compare, once."""

import base64
import json
import ssl
import subprocess
from http.client import HTTPSConnection

import pytest

from desk import Desk

NETWORK = "Câu trả lời đến qua mạng"


@pytest.fixture
def online(request, browser, stage, tmp_path):
    """The page of a counter with a line, and a phone that sends to it: gives the status of what it sent."""
    programs = request.config.getoption("--programs").resolve()
    # Who stands at the other end is not what is tested here.
    trusting = ssl._create_unverified_context()
    options = ["--identity", stage / "identity", "--answers", "127.0.0.1:0"]
    with Desk.program(programs, stage, tmp_path / "used", *options) as (url, line):

        def send(code):
            said = subprocess.run([programs / "examples/stage", stage, code], check=True, stdout=subprocess.PIPE).stdout
            answer = json.loads(said)
            assert answer["to"].startswith("https://counter.example:8443/a/")
            connection = HTTPSConnection(line, timeout=10, context=trusting)
            path = "/" + answer["to"].split("/", 3)[3]
            connection.request("POST", path, base64.b64decode(answer["proof"]), {"content-type": "application/kb+cwt"})
            return connection.getresponse().status

        with Desk(browser, url) as desk:
            yield desk, send


def ask(page):
    with page.expect_response("**/requests") as asked:
        page.click("#asking button")
    page.wait_for_selector("#question:not([hidden])")
    return asked.value.json()


def test_answer_over_the_network_is_shown_with_what_to_compare(online):
    desk, send = online
    asked = ask(desk.page)
    assert asked["has_line"]
    assert send(asked["text"]) == 204
    state, text = desk.result()
    assert state == "valid" and "NGUYỄN THỊ MINH HẠNH" in text
    assert NETWORK in text and "So kỹ ảnh" in text
    assert not desk.page.is_visible("#question")
    desk.press("Escape")
    assert desk.shows_nothing()
    # The next question is another one, and the answer to the last one does not come again.
    again = ask(desk.page)
    assert again["request"] != asked["request"]
    desk.page.wait_for_timeout(2500)
    assert desk.page.is_visible("#question") and desk.shows_nothing()


def test_question_that_was_given_up_takes_no_answer(online):
    desk, send = online
    asked = ask(desk.page)
    with desk.page.expect_response(lambda response: response.request.method == "DELETE") as ended:
        desk.page.click("#unask")
    assert ended.value.status == 204
    assert send(asked["text"]) == 404
    desk.page.wait_for_timeout(1500)
    assert desk.shows_nothing()


def test_question_without_the_photo_is_answered_by_code_alone(online):
    desk, _ = online
    desk.page.uncheck("#with-photo")
    asked = ask(desk.page)
    with desk.page.expect_response(lambda response: "collect" in response.url, timeout=10_000) as collected:
        desk.page.click("#unask")
        desk.page.check("#with-photo")
        ask(desk.page)
    assert not asked["has_line"] and asked["request"] not in collected.value.url
