"""Scanners on a wire of their own: USB serial and HID-POS.

There is no such hardware here: the browser's own objects are stood in for by ones that behave as the standards say – ports with
streams, devices with reports of 63 bytes – and send what a scanner sends.
"""

import pytest

from conftest import measured
from desk import Desk, Scanner

STAND_INS = """
(() => {
  const later = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));
  class Port extends EventTarget {
    constructor(busy) { super(); this.busy = busy; }
    async open(line) {
      if (this.busy) throw new DOMException("busy", "NetworkError");
      if (line.baudRate !== 115200) throw new TypeError("line");
      this.readable = new ReadableStream({ start: (wire) => (this.wire = wire) });
    }
    async close() {}
    // Pieces as a USB line gives them: 64 bytes, wherever that cuts the code.
    async send(text, pause = 0) {
      const bytes = new TextEncoder().encode(text);
      for (let at = 0; at < bytes.length; at += 64) {
        this.wire.enqueue(bytes.slice(at, at + 64));
        if (pause) await later(pause);
      }
    }
    pull() { this.wire.error(new DOMException("gone", "NetworkError")); }
  }
  class Device extends EventTarget {
    opened = false;
    async open() { this.opened = true; }
    send(text) {
      for (let at = 0; at < text.length; at += 56) {
        const part = text.slice(at, at + 56);
        const report = new Uint8Array(63);
        report[0] = part.length;
        report.set([0x5d, 0x51, 0x30], 1);
        report.set(new TextEncoder().encode(part), 4);
        report[62] = at + 56 < text.length ? 1 : 0;
        this.dispatchEvent(Object.assign(new Event("inputreport"), { data: new DataView(report.buffer), reportId: 2 }));
      }
    }
    sendRaw(bytes) {
      const report = Uint8Array.from(bytes);
      this.dispatchEvent(Object.assign(new Event("inputreport"), { data: new DataView(report.buffer), reportId: 2 }));
    }
  }
  const known = { ports: [], devices: [] };
  const serial = Object.assign(new EventTarget(), {
    getPorts: async () => known.ports,
    requestPort: async () => {
      if (window.nothingChosen) throw new DOMException("nothing", "NotFoundError");
      return (window.port = new Port(window.busy));
    },
  });
  const hid = Object.assign(new EventTarget(), {
    getDevices: async () => known.devices,
    requestDevice: async ({ filters }) => {
      if (filters.length !== 1 || filters[0].usagePage !== 0x8c || filters[0].usage !== 2) throw new TypeError("filters");
      return [(window.device = new Device())];
    },
  });
  if (sessionStorage.known) known.ports.push((window.port = new Port(false)));
  Object.defineProperty(navigator, "serial", { value: serial });
  Object.defineProperty(navigator, "hid", { value: hid });
})();
"""


@pytest.fixture
def desk(browser, server):
    desk = Desk(browser, server)
    desk.context.add_init_script(STAND_INS)
    with desk:
        yield desk


def connect(desk, kind):
    desk.page.click(f"#{kind}")
    desk.page.wait_for_selector("#wires:not([hidden])")


def test_serial_scanner_needs_no_keyboard_and_takes_a_moment(desk, proofs):
    connect(desk, "serial")
    assert desk.page.inner_text("#wires").endswith("1")
    code = proofs["id"]["base45"]
    took = desk.page.evaluate(
        """async (code) => {
          const began = performance.now();
          port.send(code + "\\r\\n");
          while (document.body.dataset.state === "ready") await new Promise((resolve) => setTimeout(resolve, 1));
          return performance.now() - began;
        }""",
        code,
    )
    state, text = desk.result()
    assert (state, "MINH HẠNH" in text) == ("valid", True), text
    measured.append(f"serial scanner: {len(code)} characters → verdict in {took:.0f} ms")
    desk.press("Escape")
    # A scanner that adds no line end, and a line that pauses within a code.
    desk.page.evaluate("(code) => port.send(code, 20)", proofs["licence"]["digits"])
    assert desk.result()[0] == "valid"
    desk.press("Escape")
    desk.page.evaluate("(code) => port.send('\\r\\n\\t' + code + '\\r')", proofs["revoked"]["base45"])
    assert desk.result()[0] == "not_valid"


def test_hid_scanner_sends_a_long_code_in_many_reports(desk, proofs):
    connect(desk, "hid")
    desk.page.evaluate("(code) => device.send(code)", proofs["id"]["digits"])
    state, text = desk.result()
    assert (state, "MINH HẠNH" in text) == ("valid", True), text
    desk.press("Escape")
    # Exactly full reports; and reports that are none.
    code = proofs["age"]["digits"]
    for report in ([], [9], [200] + [0] * 62, [0] * 63, [60] + [65] * 61 + [0]):
        desk.page.evaluate("(report) => device.sendRaw(report)", report)
    desk.page.wait_for_timeout(300)
    assert desk.shows_nothing()
    desk.page.evaluate("(code) => device.send(code)", code)
    assert desk.result()[0] == "valid"


def test_scanners_at_once_do_not_mix(desk, proofs):
    connect(desk, "serial")
    connect(desk, "hid")
    desk.page.wait_for_selector("#wires[data-count='2']")
    codes = []
    desk.page.on("request", lambda request: request.url.endswith("/verify") and codes.append(request.post_data_json["proofs"][0]["text"]))
    one, other, third = proofs["age"]["digits"], proofs["id-no-photo"]["digits"], proofs["health"]["digits"]
    sending = "([one, other]) => { port.send(one + '\\r', 5); const send = device.send.bind(device); setTimeout(() => send(other), 12); }"
    desk.page.evaluate(sending, [one, other])
    Scanner(desk, milliseconds=1).type(third)
    desk.result()
    desk.page.wait_for_timeout(500)
    assert set(codes) <= {one, other, third} and {one, other} <= set(codes), [code[:30] for code in codes]


def test_scanner_that_is_busy_pulled_out_or_not_chosen_is_no_trap(desk, proofs):
    desk.page.evaluate("window.nothingChosen = true")
    desk.page.click("#serial")
    desk.page.wait_for_timeout(200)
    assert desk.shows_nothing(), "whoever chooses nothing wants nothing"
    desk.page.evaluate("window.nothingChosen = false; window.busy = true")
    desk.page.click("#serial")
    state, text = desk.result()
    assert state == "cannot_tell" and "Không mở được máy quét" in text
    desk.press("Escape")
    desk.page.evaluate("window.busy = false")
    connect(desk, "serial")
    desk.page.evaluate("(half) => { port.send(half); setTimeout(() => port.pull(), 20); }", proofs["id"]["digits"][:300])
    desk.page.wait_for_selector("#wires", state="hidden")
    desk.page.wait_for_timeout(400)
    assert desk.shows_nothing(), "half a code is none"
    connect(desk, "serial")
    desk.page.evaluate("(code) => port.send(code + '\\r')", proofs["id"]["digits"])
    assert desk.result()[0] == "valid"


def test_scanner_that_was_allowed_once_is_listened_to_at_once(desk, proofs):
    desk.page.evaluate("sessionStorage.known = 1")
    desk.page.reload()
    desk.page.wait_for_selector("#wires:not([hidden])")
    desk.page.evaluate("(code) => port.send(code + '\\r')", proofs["age"]["digits"])
    assert desk.result()[0] == "valid"
