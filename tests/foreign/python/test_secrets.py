"""Planted secrets: nothing that the library says about itself repeats them."""

import os
import subprocess
import sys
from pathlib import Path

import eid_core as eid
import pytest
from phone import PASSCODE, run

SECRETS = ("271828", "000199000123", "0900000001", "Bi Mat")

SCRIPT = """
import asyncio, sys
sys.path[:0] = sys.argv[1:3]
import eid_core as eid
from phone import SystemClock, SoftwareKey, Events, run

class Throwing(SoftwareKey):
    async def derive(self, alias, input):
        raise ValueError("Bi Mat 271828 000199000123 0900000001")

async def main():
    platform = eid.Platform(secure_key=Throwing(), clock=SystemClock(), events=Events())
    config = eid.AppConfig(folder=sys.argv[3], app_id="example.eid.python", platform_url="https://127.0.0.1:1",
                           ca_der=[bytes.fromhex(sys.argv[4])], trust_roots=[bytes.fromhex(sys.argv[5])], fast_kdf=True)
    app = eid.EidApp(config, platform)
    for call in (app.unlock(b"271828"), app.unlock(b"2718281"), app.start_activation("000199000123", "0900000001"),
                 app.start_activation("000199000123x", "0900000001x")):
        try:
            print("unexpected", await call)
        except eid.EidError as error:
            print(type(error).__name__, str(error), repr(error))
    app.shutdown()

run(main())
"""


def test_process_that_fails_in_every_way_prints_no_planted_secret(activated, tmp_path, request):
    from phone import ROOT

    folder = activated.copy(tmp_path).folder
    bindings = request.config.getoption("bindings").resolve()
    arguments = [bindings, Path(__file__).parent, folder / "app", activated.sandbox.ca_der.hex(), ROOT.read_bytes().hex()]
    # Everything that could make a library talk more.
    environment = {**os.environ, "RUST_BACKTRACE": "full", "RUST_LOG": "trace", "PYTHONDONTWRITEBYTECODE": "1"}
    done = subprocess.run(
        [sys.executable, "-X", "dev", "-c", SCRIPT, *arguments], capture_output=True, text=True, timeout=60, env=environment
    )
    lines = done.stdout.splitlines()
    assert [line.split()[0] for line in lines] == ["Device", "Invalid", "Device", "Device"], done.stderr
    assert [secret for secret in SECRETS if secret in done.stdout + done.stderr] == []


def test_errors_and_views_say_numbers_and_no_more(ready):
    async def journey():
        errors = []
        for call in (lambda: ready.app.unlock(b"314159"), lambda: ready.app.start_activation("x", "y")):
            with pytest.raises(eid.EidError) as error:
                await call()
            errors.append(str(error.value))
        return errors, str(await ready.app.unlock(PASSCODE))

    errors, unlocked = run(journey())
    assert errors == ["code=2001, wrong_tries=1, wait_s=0, tries_left=None", "code=1002"]
    assert "271828" not in unlocked


def test_records_with_personal_data_say_their_name_only(activated, ready):
    async def journey():
        unlocked = await ready.app.unlock(PASSCODE)
        draft = eid.PresentDraft(purpose=eid.Purpose.ID, counter="rp/planted", challenge=b"planted!", photo=True)
        proof = await (await unlocked.present(draft)).sign()
        home, page = await unlocked.home(), await unlocked.history(None, 50)
        return draft, proof, proof.qr, home, home.account, page, page.items[0]

    records = run(journey())
    draft, proof, qr, home, account, page, entry = records
    planted = (account.name, account.pid, account.pid_masked, account.account_id, proof.text, "planted", str(qr.modules))
    for record in records:
        for text in (str(record), repr(record), f"{record}"):
            assert [secret for secret in planted if secret in text] == []
    assert [str(record) for record in (draft, proof, qr, account, entry)] == [
        "PresentDraft(…)",
        "ProofView(…)",
        "QrView(…)",
        "AccountView(…)",
        "HistoryView(…)",
    ]
    assert entry.counterpart == "rp/planted" and "count" not in str(entry)


@pytest.mark.parametrize(
    "draft",
    [
        eid.ActDraft.CHANGE_PHONE(code="planted"),
        eid.ActDraft.SET_SECOND_PHONE(code="planted"),
        eid.ActDraft.CONFIRM_PHONE(code="planted"),
        eid.ActDraft.SET_PHRASE(phrase="planted"),
        eid.PhoneCodeDraft.CHANGE(phone="planted"),
        eid.PhoneCodeDraft.SECOND(phone="planted"),
    ],
    ids=lambda draft: type(draft).__name__,
)
def test_choices_with_personal_data_say_their_name_only(draft):
    for text in (str(draft), f"{draft}"):
        assert text in ("ActDraft(…)", "PhoneCodeDraft(…)")
    assert "planted" not in repr(draft)


def test_log_of_the_platform_holds_no_personal_data(activated, tmp_path_factory):
    logs = list(tmp_path_factory.getbasetemp().glob("sandbox*/sandbox.log"))
    assert logs
    for log in logs:
        text = log.read_text()
        assert [secret for secret in (*SECRETS, activated.sandbox.reserved["pid"]) if secret in text] == []


