"""A live sandbox platform over TLS, phones for it, and the counter's program."""

import json
import ssl
import subprocess
import sys
import urllib.request
from itertools import cycle
from pathlib import Path
from urllib.parse import quote

import pytest

PORTRAITS = Path(__file__).parents[3] / "tests" / "sandbox" / "portraits"


def pytest_addoption(parser):
    parser.addoption("--bindings", type=Path, default=Path("target/bindings/python"), help="module and library")
    parser.addoption("--programs", type=Path, default=Path("target/debug"), help="eid-sandbox and eid-counter")


def pytest_configure(config):
    sys.path.insert(0, str(config.getoption("bindings").resolve()))


class Sandbox:
    """`eid-sandbox serve` in a process of its own."""

    def __init__(self, programs, folder):
        ca = folder / "ca.pem"
        command = [programs / "eid-sandbox", "serve", "--listen", "127.0.0.1:0", "--ca", ca]
        with (folder / "sandbox.log").open("wb") as log:
            self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=log, text=True)
        self.url = self.process.stdout.readline().strip()
        self.process.stdout.readline()
        self.ca_der = ssl.PEM_cert_to_DER_cert(ca.read_text())
        self.tls = ssl.create_default_context(cafile=ca)
        people = json.loads(self.fetch("/sandbox/people"))
        first, *others = (person for person in people if person["level_two"])
        # Only one phone is active for a person: the one that tests copy has somebody of its own.
        self.reserved, self.people = first, cycle(others)

    def fetch(self, path, body=None):
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.url + path, data, {"content-type": "application/json"})
        with urllib.request.urlopen(request, context=self.tls, timeout=10) as answer:
            return answer.read()

    def new_person(self):
        return next(self.people)

    def code_for(self, person):
        return json.loads(self.fetch("/sandbox/messages?phone=" + quote(person["phone"])))[-1]["code"]

    def card_of(self, person, **quirks):
        """The description of a citizen's identity card, with bad manners."""
        return json.loads(self.fetch("/sandbox/cards", {"pid": person["pid"], "quirks": quirks}))

    def face_of(self, person):
        """A picture of the citizen, as the phone's camera takes it."""
        return (PORTRAITS / f"{self.card_of(person)['portrait']}.jpg").read_bytes()

    def voucher_for(self, person):
        """What an office prints after it looked at the citizen."""
        return json.loads(self.fetch("/sandbox/offices/voucher", {"pid": person["pid"]}))["voucher"]

    def fault(self, mode, paths=None):
        """Misbehaves so from now on, in all calls or in those whose paths begin so."""
        self.fetch("/sandbox/faults", {"mode": mode, "paths": paths})

    def stop(self):
        self.process.terminate()
        self.process.wait(10)


@pytest.fixture(scope="module")
def sandbox(request, tmp_path_factory):
    sandbox = Sandbox(request.config.getoption("programs").resolve(), tmp_path_factory.mktemp("sandbox"))
    yield sandbox
    sandbox.stop()


@pytest.fixture
def phone(sandbox, tmp_path):
    from phone import Phone

    phone = Phone(sandbox, tmp_path)
    yield phone
    phone.app.shutdown()


@pytest.fixture(scope="module")
def activated(sandbox, tmp_path_factory):
    """A phone with credentials, locked and closed; tests take copies."""
    from phone import Phone, run

    phone = Phone(sandbox, tmp_path_factory.mktemp("activated"))

    async def activate():
        (await phone.ready(sandbox.reserved)).lock()

    run(activate())
    phone.app.shutdown()
    return phone


@pytest.fixture
def ready(activated, tmp_path):
    """An activated phone of this test's own."""
    phone = activated.copy(tmp_path / "ready")
    yield phone
    phone.app.shutdown()


@pytest.fixture
def reader(request, tmp_path):
    """A reader of contactless cards, with none on it."""
    from card import SocketCard

    reader = SocketCard(request.config.getoption("programs").resolve(), tmp_path)
    yield reader
    reader.close()


@pytest.fixture
def counter(request, sandbox, tmp_path):
    """Verifies the text of a code with the counter's program and fresh lists: its verdict."""
    programs = request.config.getoption("programs").resolve()

    def verify(text):
        trust, status = tmp_path / "trust.cbor", tmp_path / "status.cbor"
        trust.write_bytes(sandbox.fetch("/v1/trust-list"))
        status.write_bytes(sandbox.fetch("/v1/status-lists"))
        command = [programs / "eid-counter", "verify", "--trust", trust, "--status", status, "-"]
        done = subprocess.run(command, input=text, capture_output=True, text=True, timeout=30)
        return json.loads(done.stdout)

    return verify
