"""What a call across the border costs: rows of group `ffi` for `cargo xtask bench`, as JSON.

Python's own share is in every figure; a shell on a phone pays the JVM's or Swift's instead. So the peers are Python's own
ways to call C and another thread. Least of many samples; CPU time of the thread where all of a call passes on it.
"""

import argparse
import asyncio
import ctypes
import datetime
import json
import sys
import tempfile
import time
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding

parser = argparse.ArgumentParser()
parser.add_argument("--bindings", type=Path, required=True)
parser.add_argument("--smoke", action="store_true")
arguments = parser.parse_args()
sys.path.insert(0, str(arguments.bindings.resolve()))

import eid_core as eid  # noqa: E402
from phone import ROOT, Events, SoftwareKey, SystemClock, run  # noqa: E402

SAMPLES = 3 if arguments.smoke else 60
REPEAT = 100
NOW = eid.Moment(unix_seconds=1_800_000_000, monotonic_ms=1, boot_id=bytes(range(16)))


def certificate():
    """A certificate authority that signs nothing: the app wants one, and no connection is made."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "bench")])
    day = datetime.datetime(2026, 1, 1)
    made = x509.CertificateBuilder(name, name, key.public_key(), 1, day, day + datetime.timedelta(9999))
    return made.sign(key, hashes.SHA256()).public_bytes(Encoding.DER)


def least_us(subject):
    """CPU time of the thread for one call."""
    least = float("inf")
    for _ in range(SAMPLES):
        start = time.thread_time_ns()
        for _ in range(REPEAT):
            subject()
        least = min(least, (time.thread_time_ns() - start) / REPEAT / 1000)
    return least


async def least_us_async(subject):
    """Wall time of one call, as most of it passes on other threads."""
    least = float("inf")
    for _ in range(SAMPLES):
        start = time.perf_counter_ns()
        for _ in range(REPEAT):
            await subject()
        least = min(least, (time.perf_counter_ns() - start) / REPEAT / 1000)
    return least


class Times:
    """When a port was called; the core calls it again as soon as it has the answer."""

    def __init__(self):
        self.at = []

    def seen(self):
        self.at.append(time.perf_counter_ns())

    def least_us(self):
        return min(after - before for before, after in zip(self.at, self.at[1:])) / 1000


class TimedClock(eid.Clock, Times):
    def now(self):
        self.seen()
        return NOW


class TimedIntegrity(eid.Integrity, Times):
    async def attest(self, nonce):
        self.seen()
        return nonce


async def called_by_the_core(make, check):
    least = float("inf")
    for _ in range(SAMPLES):
        port = make()
        await check(port)
        least = min(least, port.least_us())
    return least


async def figures(core):
    """Name, figure, and the peer that stands beside it."""
    c_call = ctypes.CDLL(None).abs
    in_c = "ctypes call of abs", least_us(lambda: c_call(-1))
    in_thread = "asyncio.to_thread", await least_us_async(lambda: asyncio.to_thread(c_call, -1))
    token, picture = eid.CancelToken(), eid.QrView(version=25, side=117, modules=bytes(20_000))
    yield "function", least_us(lambda: eid.error_text(9999, eid.Language.VI)), *in_c
    yield "method", least_us(token.cancel), *in_c
    yield "record", least_us(eid.build_info), *in_c
    # A record in and a text out: what it does with the bytes is nothing.
    yield "bytes-20k", least_us(picture.__str__), "limit 1 ms", 1000.0
    yield "async", await least_us_async(core.is_activated), *in_thread
    yield "port", await called_by_the_core(TimedClock, eid.check_clock), *in_c
    yield "port-async", await called_by_the_core(TimedIntegrity, eid.check_integrity), *in_thread


async def main(folder):
    config = eid.AppConfig(
        folder=folder,
        app_id="example.eid.bench",
        platform_url="https://127.0.0.1:1",
        ca_der=[certificate()],
        trust_roots=[ROOT.read_bytes()],
    )
    core = eid.EidApp(config, eid.Platform(secure_key=SoftwareKey(), clock=SystemClock(), events=Events()))
    rows = [
        {"figure": f"ffi.python.{name}", "value": us, "unit": "µs", "peer": peer, "peer_value": peer_us}
        | {"ratio": us / peer_us, "goal": GOALS[name]}
        async for name, us, peer, peer_us in figures(core)
    ]
    core.shutdown()
    return rows


# How much dearer than its peer a call may be: that the generated code is Python is most of it.
GOALS = {"function": 100, "method": 50, "record": 100, "bytes-20k": 1, "async": 3, "port": 200, "port-async": 4}

with tempfile.TemporaryDirectory() as folder:
    print(json.dumps(run(main(folder))))
