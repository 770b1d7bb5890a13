"""A live sandbox platform, phones for it, and the counter's program."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from sandbox import serving


def pytest_addoption(parser):
    parser.addoption("--bindings", type=Path, default=Path("target/bindings/python"), help="module and library")
    parser.addoption("--programs", type=Path, default=Path("target/debug"), help="eid-sandbox and eid-counter")


def pytest_configure(config):
    sys.path.insert(0, str(config.getoption("bindings").resolve()))


def refused(code):
    """The call is refused with this code."""
    import eid_core as eid

    return pytest.raises(eid.EidError, match=rf"code={code}\b")


@pytest.fixture(scope="session")
def programs(request):
    """Where eid-sandbox and eid-counter are."""
    return request.config.getoption("programs").resolve()


@pytest.fixture(scope="module")
def sandbox(programs, tmp_path_factory):
    with serving(programs, tmp_path_factory.mktemp("sandbox")) as sandbox:
        yield sandbox


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
def reader(programs, tmp_path):
    """A reader of contactless cards, with none on it."""
    from card import SocketCard

    reader = SocketCard(programs, tmp_path)
    yield reader
    reader.close()


@pytest.fixture
def counter(programs, sandbox, tmp_path):
    """Verifies the text of a code with the counter's program and fresh lists: its verdict."""

    def verify(text):
        trust, status = tmp_path / "trust.cbor", tmp_path / "status.cbor"
        trust.write_bytes(sandbox.fetch("/v1/trust-list"))
        status.write_bytes(sandbox.fetch("/v1/status-lists"))
        command = [programs / "eid-counter", "verify", "--trust", trust, "--status", status, "-"]
        done = subprocess.run(command, input=text, capture_output=True, text=True, timeout=30)
        return json.loads(done.stdout)

    return verify
