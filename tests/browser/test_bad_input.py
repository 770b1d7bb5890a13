"""What goes wrong around the code: too long, too old, no room; the right one of three states, in words."""

import shutil

import pytest

from desk import Desk


@pytest.mark.parametrize("code", ["7041" + "0123456789" * 1_000, "VN1:" + "ABC" * 2_100, "7041" + "0" * 1_000_000, "A" * 5_000])
def test_code_of_more_than_four_kilobytes_is_refused_in_words(desk, proofs, code):
    desk.paste(code)
    state, text = desk.result()
    assert state == "not_valid" and ("Mã quá lớn" in text or "không rõ loại" in text), text
    assert ("Mã quá lớn" in text) == code.startswith(("7041", "VN1:")), text
    desk.press("Escape")
    desk.paste(proofs["id"]["digits"])
    assert desk.result()[0] == "valid"


@pytest.mark.parametrize(
    ("old", "said", "age"),
    [
        ("status", "chưa biết giấy có bị thu hồi không", "Danh sách trạng thái: 3 ngày"),
        ("trust", "Danh sách tin cậy", "Danh sách tin cậy: 40 ngày"),
    ],
)
def test_lists_that_are_too_old_cannot_tell_and_say_how_old(browser, request, stage, proofs, tmp_path, old, said, age):
    for name in ("root.bin", "trust.cbor", "status.cbor", "proofs.json"):
        shutil.copy(stage / name, tmp_path)
    shutil.copy(stage / f"{old}-old.cbor", tmp_path / f"{old}.cbor")
    programs = request.config.getoption("--programs").resolve()
    with Desk.program(programs, tmp_path, tmp_path / "used") as url, Desk(browser, url) as desk:
        assert "ngày cũ" in desk.page.inner_text("#lists")
        for case in ("id", "residence"):
            desk.paste(proofs[case]["digits"])
            state, text = desk.result()
            assert state == "cannot_tell" and said in text and age in text, text
            assert "2 giờ" not in text, "one age, not two"
            desk.press("Escape")


def test_full_disk_cannot_tell_and_shows_nobody(browser, request, stage, proofs, tmp_path):
    program = request.config.getoption("--programs").resolve() / "eid-counter"
    # No file of the program may grow beyond 64 KiB: its record soon cannot be written.
    limited = tmp_path / "eid-counter"
    limited.write_text(f"#!/bin/bash\ntrap '' XFSZ; ulimit -f 64; exec {program} \"$@\"\n")
    limited.chmod(0o755)
    good = [case for case in proofs if case in ("id", "id-again", "id-no-photo", "age", "under-age", "residence", "licence", "health")]
    with Desk.program(tmp_path, stage, tmp_path / "used") as url, Desk(browser, url) as desk:
        states = []
        for case in good:
            desk.paste(proofs[case]["digits"])
            state, text = desk.result()
            states.append(state)
            if state != "valid":
                assert state == "cannot_tell" and "đĩa" in text and desk.page.inner_text("#claims") == "", text
            desk.press("Escape")
    assert states[0] == "valid" and "cannot_tell" in states, states
