"""A live sandbox platform over TLS, and citizens on it."""

from pathlib import Path

import platform_under_test


def pytest_addoption(parser):
    parser.addoption("--programs", type=Path, default=Path("target/debug"), help="where eid-sandbox is")


def pytest_configure(config):
    # Before the tests are collected: they are made from the description that it serves.
    platform_under_test.start(config.getoption("programs").resolve())


def pytest_unconfigure():
    platform_under_test.stop()


def pytest_terminal_summary(terminalreporter):
    answers = platform_under_test.answers
    well = sum(codes.get(True, 0) for codes in answers.values())
    total = sum(sum(codes.values()) for codes in answers.values())
    made = f"{total} generated requests to {len(answers)} calls"
    terminalreporter.write_line(f"{made}, {well} of them answered with success")
