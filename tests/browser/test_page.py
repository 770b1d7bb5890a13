"""The counter's page in Chromium, as an officer uses it."""

import pytest

import telex
from conftest import measured
from desk import Desk, Scanner

STATES = {
    "id": ("valid", "NGUYỄN THỊ MINH HẠNH", "So ảnh chân dung"),
    "id-no-photo": ("valid", "000190000001", "Không có ảnh"),
    "age": ("valid", "Đủ 18 tuổi", "Có"),
    "under-age": ("valid", "Đủ 18 tuổi: KHÔNG"),
    "residence": ("valid", "Số 1, ngõ 2, phố Thử Nghiệm", "Thay cho giấy xác nhận cư trú"),
    "licence": ("valid", "B1", "Thay cho bản cứng giấy phép lái xe"),
    "health": ("valid", "31/12/2027", "Thay cho thẻ bảo hiểm y tế giấy"),
    "revoked": ("not_valid", "đã bị thu hồi"),
    "suspended": ("not_valid", "đang bị tạm khóa"),
    "stale": ("not_valid", "đã quá hạn", "Giờ của điện thoại: 18:50:00 22/11/2026"),
    "elsewhere": ("not_valid", "tạo cho quầy khác"),
    "forged": ("not_valid", "GIẢ MẠO"),
    "altered": ("not_valid", "SAO CHÉP HOẶC SỬA ĐỔI"),
    "malformed": ("not_valid", "sai cấu trúc"),
    "status-unknown": ("cannot_tell", "chưa biết giấy có bị thu hồi không", "Chưa chấp nhận"),
    "unknown-issuer": ("cannot_tell", "Không có khóa của cơ quan cấp"),
    "early": ("cannot_tell", "lệch nhau", "Giờ của máy này: 19:00:10 22/11/2026"),
}

WORDS = {"valid": "HỢP LỆ", "not_valid": "KHÔNG HỢP LỆ", "cannot_tell": "CHƯA XÁC ĐỊNH"}


@pytest.mark.parametrize("case", STATES)
def test_each_state_is_shown_in_words(desk, proofs, case):
    state, *words = STATES[case]
    desk.paste(proofs[case]["digits"])
    shown, text = desk.result()
    assert (shown, text.split("\n")[0]) == (state, WORDS[state])
    for word in words:
        assert word in text, text
    holds_data = desk.page.inner_text("#claims") != ""
    assert holds_data == (state == "valid" or case == "status-unknown"), "no data of a proof that is not believed"
    spoken = desk.page.inner_text("#speech")
    assert spoken.startswith(WORDS[state]) and len(spoken) > 20


def test_everything_is_there_in_english(desk, proofs):
    desk.page.click("#language")
    assert desk.page.get_attribute("html", "lang") == "en"
    desk.paste(proofs["id"]["digits"])
    _, text = desk.result()
    assert text.startswith("VALID") and "Full name" in text and "Compare the portrait" in text
    assert not [word for word in ("Họ và tên", "Ngày sinh", "Việc cần làm", "Người tiếp theo") if word in text]
    desk.page.click("#language")
    assert "Họ và tên" in desk.result()[1], "the result is told again in the other language"


def test_scanner_types_through_telex_at_4_ms_a_key(desk, proofs):
    digits, base45 = proofs["id-no-photo"]["digits"], proofs["id-no-photo"]["base45"]
    assert telex.keys(digits, "telex") == list(digits), "a Vietnamese keyboard leaves digits alone"
    assert telex.keys(digits, "vni") == list(digits)
    scanner = Scanner(desk)
    took = scanner.type(telex.keys(digits, "telex"))
    state, text = desk.result()
    assert (state, "000190000001" in text) == ("valid", True), text
    measured.append(f"hand scanner: {len(digits)} keys, {took:.1f} ms a key")
    desk.press("Escape")
    for method in ("telex", "vni"):
        garbled = telex.keys(base45, method)
        assert garbled != list(base45)
        scanner.type(garbled)
        state, text = desk.result()
        assert state == "cannot_tell" and "Chuyển bàn phím sang tiếng Anh" in text, (method, text)
        desk.press("Escape")
    scanner.type(base45)
    # The same proof as the digits: read as it is, so that it is known to be used.
    assert "Đã dùng lúc 19:00:10 22/11/2026" in desk.result()[1]


def test_scanner_presses_no_button_and_sends_enter_twice(desk, proofs):
    base45 = proofs["age"]["base45"]
    assert " " in base45, "a space presses the button that has the focus"
    desk.page.focus("#camera")
    Scanner(desk).type(base45, end=("Enter", "Enter"))
    assert desk.result()[0] == "valid"
    assert desk.page.get_attribute("#camera", "aria-pressed") == "false"
    desk.page.focus("#next")
    Scanner(desk).type(proofs["revoked"]["digits"][:600] + proofs["revoked"]["digits"][600:], end=("Enter", "Enter"))
    assert desk.result()[0] == "not_valid", "the second Enter does not clear it"


def test_scanner_without_enter_is_understood(desk, proofs):
    Scanner(desk, milliseconds=2).type(proofs["age"]["digits"], end=())
    assert desk.result()[0] == "valid"


def test_code_read_twice_changes_nothing_until_it_is_cleared(desk, proofs):
    code = proofs["age"]["digits"]
    desk.paste(code)
    assert desk.result()[0] == "valid"
    desk.paste(code)
    desk.page.wait_for_timeout(300)
    assert desk.result()[0] == "valid"
    desk.press("Escape")
    desk.paste(code)
    state, text = desk.result()
    assert state == "not_valid" and "Đã dùng lúc" in text


def test_two_scanners_at_once_are_no_forgery(desk, proofs):
    mixed = [key for pair in zip(proofs["age"]["digits"], proofs["id-no-photo"]["digits"]) for key in pair]
    Scanner(desk, milliseconds=1).type(mixed)
    state, text = desk.result()
    assert state != "valid" and "GIẢ MẠO" not in text and "SAO CHÉP" not in text, text


def test_half_and_garbled_codes_ask_for_another_scan(desk, proofs):
    code = proofs["id"]["digits"]
    for wrong in (code[:1000], code[:-1], code[:500] + "9" + code[501:] if code[500] != "9" else code[:500] + "8" + code[501:]):
        desk.paste(wrong)
        state, text = desk.result()
        assert state == "cannot_tell" and "quét lại" in text, text
        desk.press("Escape")


@pytest.mark.parametrize(
    ("code", "name"),
    [
        ("00020101021138570010A00000072701270006970436011300110012345670208QRIBFTTA53037045802VN6304ABCD", "VietQR"),
        ("HC1:NCFOXN%TSMAHN-H", "chứng nhận sức khỏe"),
        ("mdoc:owBjMS4wAYIB2BhYS6QBAiABIVgg", "ISO 18013-5"),
        ("000190000001||NGUYỄN VĂN A|01011999|Nam|Hà Nội|01012021", "in trên thẻ căn cước"),
        ("https://e.example/download.apk", "đường dẫn"),
        ("VN1R:6BFOXN", "yêu cầu của một quầy"),
        ("WIFI:T:WPA;S:quan;P:12345678;;", "không rõ loại"),
    ],
)
def test_other_peoples_codes_are_named(desk, code, name):
    desk.paste(code)
    state, text = desk.result()
    assert state == "not_valid" and name in text, text
    assert desk.page.query_selector("#result a") is None, "no link is offered"


def test_keyboard_alone_is_enough(desk, proofs):
    reached, choosers = [], []
    # From the start: the browser takes a moment to learn that somebody waits for these.
    desk.page.on("filechooser", lambda chooser: choosers.append(chooser))
    for _ in range(7):
        desk.press("Tab")
        reached.append(desk.page.evaluate("document.activeElement.id"))
    assert [name for name in reached if name] == ["language", "camera", "picture", "serial", "hid"]
    desk.page.focus("#language")
    desk.press("Enter")
    assert desk.page.get_attribute("html", "lang") == "en"
    desk.page.focus("#picture")
    desk.press("Enter")
    desk.page.wait_for_timeout(500)
    assert len(choosers) == 1
    desk.paste(proofs["age"]["digits"])
    desk.result()
    assert desk.page.evaluate("document.activeElement.id") == "verdict", "a screen reader goes on from there"
    desk.press("Tab")
    assert desk.page.evaluate("document.activeElement.id") == "next"
    desk.page.wait_for_timeout(1100)
    desk.press("Enter")
    assert desk.shows_nothing()
    # Esc from anywhere.
    desk.paste(proofs["id"]["digits"])
    desk.result()
    desk.press("Escape")
    assert desk.shows_nothing()


def test_result_clears_itself_and_when_the_next_scan_begins(browser, server, proofs):
    with Desk(browser, server) as desk:
        desk.page.clock.install()
        desk.page.reload()
        desk.paste(proofs["id"]["digits"])
        assert "MINH HẠNH" in desk.result()[1]
        desk.page.clock.run_for(85_000)
        assert not desk.shows_nothing()
        desk.page.clock.run_for(10_000)
        assert desk.shows_nothing()
        assert "MINH" not in desk.page.content()
    with Desk(browser, server) as desk:
        desk.paste(proofs["id-again"]["digits"])
        desk.result()
        Scanner(desk).type(proofs["age"]["digits"][:12], end=())
        assert desk.shows_nothing(), "the person before is gone before the next code is complete"


def test_program_that_does_not_answer_cannot_tell(browser, request, stage, proofs, tmp_path):
    programs = request.config.getoption("--programs").resolve()
    with Desk.program(programs, stage, tmp_path / "used") as url:
        desk = Desk(browser, url).__enter__()
    desk.paste(proofs["id"]["digits"])
    state, text = desk.result()
    assert state == "cannot_tell" and "không trả lời" in text
    desk.context.close()


@pytest.mark.parametrize("width", [320, 480, 768, 1280, 1920])
def test_page_fits_from_phone_to_desk_screen(browser, server, proofs, width):
    with Desk(browser, server, viewport={"width": width, "height": 1080 if width == 1920 else 800}) as desk:
        wide = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
        assert desk.page.evaluate(wide) == 0
        for case in ("residence", "early", "revoked"):
            desk.paste(proofs[case]["digits"])
            desk.result()
            assert desk.page.evaluate(wide) == 0, case
            small = desk.page.evaluate(
                """[...document.querySelectorAll("main button")].filter((it) => it.offsetParent)
                     .map((it) => it.getBoundingClientRect().height).filter((height) => height < 44)"""
            )
            assert small == [], "large enough for fingers"
            desk.press("Escape")
        if width == 1920:
            desk.paste(proofs["id"]["digits"])
            desk.result()
            assert desk.page.evaluate("document.documentElement.scrollHeight <= innerHeight"), "all at one glance"
            assert desk.page.evaluate("document.querySelector('#portrait img').clientHeight") >= 400


def test_page_is_small(desk):
    weight = desk.page.evaluate(
        """async () => {
          const linked = [...document.querySelectorAll("head [href], head [src]")].map((it) => it.getAttribute("href") ?? it.getAttribute("src"));
          const names = ["/", "/decoder.js", "/zxing.js", "/zxing_reader.wasm", ...linked];
          const sizes = names.map(async (name) => (await (await fetch(name)).arrayBuffer()).byteLength);
          return [names.length, (await Promise.all(sizes)).reduce((a, b) => a + b)];
        }"""
    )
    measured.append(f"page: {weight[0]} files, {weight[1] / 1000:.0f} kB with the decoder")
    assert weight[0] >= 12 and 900_000 < weight[1] <= 1_500_000


def test_clock_and_lists_that_seem_wrong_are_told_in_words(browser, server):
    facts = {
        "now": "2026-11-22T19:00:10+07:00",
        "trust": {"environment": "pilot", "version": 7, "age_s": 3600},
        "clock": {"ahead_s": -252, "holders": 5},
        "not_renewed": {"code": "E5031", "reason": {"vi": "Hãy lấy lại danh sách.", "en": "Fetch it again."}},
    }
    with Desk(browser, server) as desk:
        assert desk.page.inner_text("#warnings") == "", "nothing to warn about"
        desk.page.route("**/station", lambda route: route.fulfill(json=facts))
        desk.page.reload()
        desk.page.wait_for_selector("#warnings p")
        told = desk.page.inner_text("#warnings")
        assert "chậm khoảng 4 phút" in told and "Hãy lấy lại danh sách. (E5031)" in told, told
        desk.page.click("#language")
        told = desk.page.inner_text("#warnings")
        assert "slow by about 4 min" in told and "Fetch it again." in told, told
        assert desk.page.get_attribute("#warnings", "role") == "status"


# Not `wait_for_function`, which the page's policy forbids: it evaluates a text.
PAINT = """() => new Promise((resolve) => {
  const seen = (list) => list.getEntriesByName("first-contentful-paint").forEach((paint) => resolve(paint.startTime));
  new PerformanceObserver(seen).observe({ type: "paint", buffered: true });
})"""


def first_paint(page, url):
    page.goto(url)
    return page.evaluate(PAINT)


def test_first_paint_is_soon_and_waits_for_nothing(browser, server, stranger):
    """Beside a page with one word on it, loaded in turn with ours: others use this machine, too."""
    ours, empty = [], []
    for _ in range(11):
        for url, times in ((f"http://127.0.0.1:{stranger}/", empty), (server, ours)):
            desk = Desk(browser, url)
            times.append(first_paint(desk.page, url))
            if url == server:
                blocking = "performance.getEntriesByType('resource').filter((it) => it.renderBlockingStatus !== 'non-blocking').map((it) => it.name)"
                assert desk.page.evaluate(blocking) == [], "nothing has to arrive after the page itself"
            desk.context.close()
    ours, empty = sorted(ours), sorted(empty)
    measured.append(
        f"first contentful paint of 11 loads: least {ours[0]:.0f} ms, median {ours[5]:.0f} ms (goal 300 ms);"
        f" a page with one word: {empty[0]:.0f} ms, {empty[5]:.0f} ms"
    )
    assert ours[0] <= 300
    assert ours[5] <= max(300, 4 * empty[5])


def test_page_is_read_without_scripts(browser, server):
    desk = Desk(browser, server, java_script_enabled=False)
    desk.page.goto(server)
    text = desk.page.inner_text("body")
    assert "Quét mã của người dân" in text and "Trang này cần JavaScript" in text
    desk.context.close()
