"""Chromium, the counter's program, and proofs for each state."""

import json
import shutil
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest
from playwright.sync_api import sync_playwright

from desk import Desk

# As root in a container; and nothing of its own over the network.
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]

measured = []
"""Figures that the run ends with."""


def pytest_addoption(parser):
    parser.addoption("--programs", type=Path, default=Path("target/debug"), help="where eid-counter is")
    parser.addoption("--stage", type=Path, default=Path("target/browser"), help="what its example `stage` wrote")
    parser.addoption("--keep-screens", action="store_true", help="write the reference pictures anew")


def pytest_terminal_summary(terminalreporter):
    for line in measured:
        terminalreporter.write_line(line)


@pytest.fixture(scope="session")
def stage(request):
    return request.config.getoption("--stage").resolve()


@pytest.fixture(scope="session")
def proofs(stage):
    return json.loads((stage / "proofs.json").read_text())["proofs"]


@pytest.fixture(scope="session")
def playwright():
    with sync_playwright() as playwright:
        yield playwright


@pytest.fixture(scope="session")
def launch(playwright):
    """Starts a Chromium with more arguments."""
    browsers = []

    def start(*more):
        path = shutil.which("chromium")
        assert path, "Debian's package chromium is missing"
        browsers.append(playwright.chromium.launch(executable_path=path, args=[*ARGUMENTS, *more]))
        return browsers[-1]

    yield start
    for browser in browsers:
        browser.close()


@pytest.fixture(scope="session")
def browser(launch):
    return launch()


@pytest.fixture
def server(request, stage, tmp_path):
    """The counter's program with an empty record."""
    with Desk.program(request.config.getoption("--programs").resolve(), stage, tmp_path / "used") as url:
        yield url


@pytest.fixture
def desk(browser, server):
    """The page, opened; nothing of it may fail or come from elsewhere."""
    with Desk(browser, server) as desk:
        yield desk


class Page(BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.send_header("content-type", "text/html")
        self.end_headers()
        self.wfile.write(b"<!doctype html><title>Somebody's page</title><p>Page")

    def log_message(self, *_):
        pass


@pytest.fixture(scope="session")
def stranger():
    """The port of a web server of somebody else."""
    server = HTTPServer(("127.0.0.1", 0), Page)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server.server_port
    server.shutdown()
