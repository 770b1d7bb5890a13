"""A phone in software: the ports of eid_core in Python. Never for a real identity."""

import asyncio
import hmac
import os
import shutil
import time
from pathlib import Path

import eid_core as eid
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

ROOT = Path(__file__).parents[3] / "tests" / "sandbox" / "keys" / "sandbox-root.pub"
PASSCODE = b"271828"


class SoftwareKey(eid.SecureKey):
    """Keys in this object and nowhere else."""

    def __init__(self):
        self.signing, self.secrets, self.biometric = {}, {}, set()

    def like(self, other):
        """The same keys as another object has."""
        self.signing, self.secrets, self.biometric = dict(other.signing), dict(other.secrets), set(other.biometric)
        return self

    def copy(self):
        return type(self)().like(self)

    def enrol(self):
        """Another finger: what only enrolled ones may use is gone."""
        for alias in self.biometric:
            self.signing.pop(alias, None)
            self.secrets.pop(alias, None)

    async def generate(self, alias, access):
        key = self.signing[alias] = ec.generate_private_key(ec.SECP256R1())
        (self.biometric.add if access == eid.KeyAccess.WITH_BIOMETRICS else self.biometric.discard)(alias)
        return key.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)

    async def sign(self, alias, data):
        if alias not in self.signing:
            raise eid.SecureKeyError.Invalidated()
        r, s = decode_dss_signature(self.signing[alias].sign(data, ec.ECDSA(hashes.SHA256())))
        return r.to_bytes(32, "big") + s.to_bytes(32, "big")

    async def make_secret(self, alias, access):
        self.secrets[alias] = os.urandom(32)
        (self.biometric.add if access == eid.KeyAccess.WITH_BIOMETRICS else self.biometric.discard)(alias)

    async def derive(self, alias, input):
        if alias not in self.secrets:
            raise eid.SecureKeyError.Invalidated()
        return hmac.digest(self.secrets[alias], input.bytes, "sha256")

    async def remove(self, alias):
        self.signing.pop(alias, None)
        self.secrets.pop(alias, None)


class SystemClock(eid.Clock):
    BOOT = os.urandom(16)

    def now(self):
        return eid.Moment(
            unix_seconds=int(time.time()), monotonic_ms=time.monotonic_ns() // 1_000_000, boot_id=self.BOOT
        )


class MovableClock(SystemClock):
    """Both clocks ahead by the same time."""

    ahead_s = 0

    def now(self):
        now = super().now()
        now.unix_seconds += self.ahead_s
        now.monotonic_ms += self.ahead_s * 1000
        return now


class Events(eid.EventSink):
    def __init__(self):
        self.seen = []

    def on_event(self, event):
        self.seen.append(event)


class Phone:
    """One installation: a folder, key hardware, and the app on them."""

    def __init__(self, sandbox, folder, key=None, clock=None, chip=None):
        self.sandbox, self.folder, self.chip = sandbox, Path(folder), chip
        self.key, self.clock, self.events = key or SoftwareKey(), clock or SystemClock(), Events()
        self.app = eid.EidApp(self.config(), self.platform())

    def config(self, **changes):
        config = {
            "folder": str(self.folder / "app"),
            "app_id": "example.eid.python",
            "platform_url": self.sandbox.url,
            "ca_der": [self.sandbox.ca_der],
            "trust_roots": [ROOT.read_bytes()],
            "batch": 3,
            "fast_kdf": True,
        }
        return eid.AppConfig(**{**config, **changes})

    def restart(self, **changes):
        """The app started anew on the same phone."""
        self.app.shutdown()
        self.app = eid.EidApp(self.config(**changes), self.platform())

    async def told(self, event):
        """True as soon as the app said so, which it does on a thread of its own."""
        for _ in range(250):
            if event in self.events.seen:
                return True
            await asyncio.sleep(0.02)
        return False

    def platform(self):
        return eid.Platform(secure_key=self.key, clock=self.clock, events=self.events, chip=self.chip)

    def pass_time(self, seconds):
        """For the platform and this phone, which has a clock that can be moved."""
        self.sandbox.pass_time(seconds)
        self.clock.ahead_s += seconds

    async def confirmed(self, person=None):
        """An activation, of somebody new if need be, up to the card."""
        person = person or self.sandbox.new_person()
        activation = await self.app.start_activation(person["pid"], person["phone"])
        await activation.confirm_code(self.sandbox.code_for(person))
        return activation

    async def prove(self, activation, person):
        """The card and the face; a voucher stands in for the card, which takes less time to use."""
        await activation.use_voucher(self.sandbox.voucher_for(person))
        await activation.submit_face(self.sandbox.face_of(person))

    async def proven(self, person=None):
        """An activation, of somebody new if need be, up to the passcode."""
        person = person or self.sandbox.new_person()
        activation = await self.confirmed(person)
        await self.prove(activation, person)
        return activation

    async def finished(self, activation, person):
        """The steps after the card."""
        await activation.submit_face(self.sandbox.face_of(person))
        return await activation.complete(PASSCODE)

    async def activated(self, person):
        """A whole activation."""
        return await (await self.proven(person)).complete(PASSCODE)

    async def ready(self, person):
        unlocked = await self.activated(person)
        await unlocked.refill()
        return unlocked

    def copy(self, folder, key=None):
        """The same phone at the same moment, for a test that changes it."""
        shutil.copytree(self.folder, folder, dirs_exist_ok=True)
        return Phone(self.sandbox, folder, key=key or self.key.copy(), clock=self.clock)


def run(main):
    """Runs a test's coroutine; ports are called on its loop from the core's threads."""

    async def on_this_loop():
        eid.uniffi_set_event_loop(asyncio.get_running_loop())
        return await main

    return asyncio.run(on_this_loop())


def code_of(error):
    return error.value.code if hasattr(error, "value") else error.code


def used(home, page):
    """Credentials that were taken, by the history."""
    return sum(1 for entry in page.items if entry.act == eid.Act.PRESENTED)
