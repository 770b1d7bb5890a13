"""A process that ends while the core works, without having closed it: it ends as if it had."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = """
import asyncio, sys, time
sys.path[:0] = sys.argv[1:3]
import eid_core as eid
from phone import SystemClock, SoftwareKey, Events

class SlowIntegrity(eid.Integrity):
    async def attest(self, nonce):
        await asyncio.sleep(60)

class SlowClock(SystemClock):
    def now(self):
        time.sleep(0.2)
        return super().now()

class SlowEvents(Events):
    def on_event(self, event):
        time.sleep(0.2)

config = eid.AppConfig(folder=sys.argv[4], app_id="example.eid.python", platform_url="https://127.0.0.1:1",
                       ca_der=[bytes.fromhex(sys.argv[5])], trust_roots=[bytes.fromhex(sys.argv[6])], fast_kdf=True)
app = eid.EidApp(config, eid.Platform(secure_key=SoftwareKey(), clock=SystemClock(), events=Events()))
work = {
    "calls": lambda: [app.is_activated() for _ in range(2_000)],
    "network": lambda: [app.start_activation("000190000001", "0900000001")],
    "integrity": lambda: [eid.check_integrity(SlowIntegrity())],
    "clock": lambda: [eid.check_clock(SlowClock())],
    "events": lambda: [eid.check_event_sink(SlowEvents())],
}

async def main():
    eid.uniffi_set_event_loop(asyncio.get_running_loop())
    tasks = [asyncio.ensure_future(call) for call in work[sys.argv[3]]()]
    await asyncio.sleep(0.01)
    return tasks

# Not asyncio.run, which would cancel the tasks.
tasks = asyncio.new_event_loop().run_until_complete(main())
print("over")
"""


@pytest.mark.parametrize("work", ["calls", "network", "integrity", "clock", "events"])
def test_process_that_ends_while_the_core_works_ends_well(request, sandbox, tmp_path, work):
    from phone import ROOT

    bindings = request.config.getoption("bindings").resolve()
    arguments = [bindings, Path(__file__).parent, work, tmp_path, sandbox.ca_der.hex(), ROOT.read_bytes().hex()]
    command = [sys.executable, "-c", SCRIPT, *arguments]
    for _ in range(5):
        done = subprocess.run(
            command, capture_output=True, text=True, timeout=20, env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1"}
        )
        assert (done.returncode, done.stdout, done.stderr) == (0, "over\n", "")
