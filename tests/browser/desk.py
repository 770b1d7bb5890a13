"""An officer at the counter's page."""

import base64
import json
import subprocess
import time
from contextlib import contextmanager

PASTE = """({text, base64, type, name}) => {
  const transfer = new DataTransfer();
  if (text) transfer.setData("text/plain", text);
  else transfer.items.add(new File([Uint8Array.from(atob(base64), (c) => c.charCodeAt(0))], name, { type }));
  document.dispatchEvent(new ClipboardEvent("paste", { clipboardData: transfer, bubbles: true, cancelable: true }));
}"""


class Desk:
    def __init__(self, browser, url, **context):
        self.url = url
        self.context = browser.new_context(**{"viewport": {"width": 1280, "height": 900}} | context)
        self.page = self.context.new_page()
        self.requests, self.problems = [], []
        self.page.on("request", lambda request: self.requests.append(request.url))
        self.page.on("pageerror", lambda error: self.problems.append(str(error)))
        self.page.on("console", lambda message: message.type == "error" and self.problems.append(message.text))

    @staticmethod
    @contextmanager
    def program(programs, stage, record, *more):
        """Serves the stage's lists at the stage's time; gives the address, and with a line for answers its address too."""
        at = json.loads((stage / "proofs.json").read_text())["at"]
        lists = ["--trust", stage / "trust.cbor", "--trust-root", stage / "root.bin", "--status", stage / "status.cbor"]
        options = ["--listen", "127.0.0.1:0", *lists, "--at", str(at), "--replay", record, *more]
        command = [programs / "eid-counter", "serve", *options]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        try:
            url = process.stdout.readline().strip()
            yield (url, process.stdout.readline().split()[-1]) if "--answers" in more else url
        finally:
            process.kill()
            process.wait(10)
            process.stdout.close()

    def __enter__(self):
        self.page.goto(self.url)
        self.page.wait_for_selector("#lists:not(:empty)", state="attached")
        return self

    def __exit__(self, failed, *_):
        self.context.close()
        if not failed:
            assert self.problems == []
            foreign = [url for url in self.requests if not url.startswith((self.url, "data:", "blob:"))]
            assert foreign == [], "nothing comes from elsewhere"

    # What the officer does

    def paste(self, text):
        self.page.evaluate(PASTE, {"text": text})

    def paste_file(self, content, media_type, name="picture"):
        data = base64.b64encode(content).decode()
        self.page.evaluate(PASTE, {"base64": data, "type": media_type, "name": name})

    def choose(self, content, media_type, name="picture"):
        self.page.set_input_files("#file", {"name": name, "mimeType": media_type, "buffer": content})

    def press(self, *keys):
        for key in keys:
            self.page.keyboard.press(key)

    # What he sees

    @property
    def state(self):
        return self.page.get_attribute("body", "data-state")

    def result(self, timeout=10_000):
        """State and all text of the result."""
        self.page.wait_for_selector("#result:not([hidden])", timeout=timeout)
        return self.state, self.page.inner_text("#result")

    def shows_nothing(self):
        """True when nothing of a person or a verdict is anywhere in the page."""
        left = self.page.evaluate(
            """() => document.getElementById("portrait").querySelector("img").hasAttribute("src") ||
                 ["verdict", "reason", "detail", "failed", "claims", "facts", "paper", "speech"]
                   .some((id) => document.getElementById(id).textContent)"""
        )
        return self.state == "ready" and not left and not self.page.is_visible("#result")


class Scanner:
    """A hand scanner that types, 4 ms a key, as fast as the browser takes them."""

    def __init__(self, desk, milliseconds=4):
        self.session = desk.context.new_cdp_session(desk.page)
        self.pace = milliseconds / 1000

    def key(self, key):
        """One press. A key may be a letter that only an input method makes."""
        what = {"Enter": {"key": "Enter", "code": "Enter", "text": "\r", "windowsVirtualKeyCode": 13}}
        what["Backspace"] = {"key": "Backspace", "code": "Backspace", "windowsVirtualKeyCode": 8}
        what["Tab"] = {"key": "Tab", "code": "Tab", "windowsVirtualKeyCode": 9}
        event = what.get(key, {"key": key, "text": key})
        self.session.send("Input.dispatchKeyEvent", {"type": "keyDown", **event})
        self.session.send("Input.dispatchKeyEvent", {"type": "keyUp", **event})

    def type(self, keys, end=("Enter",)):
        """Gives the milliseconds that a key took."""
        began = due = time.monotonic()
        for key in [*keys, *end]:
            self.key(key)
            due += self.pace
            time.sleep(max(0, due - time.monotonic()))
        return (time.monotonic() - began) * 1000 / max(1, len(keys) + len(end))
