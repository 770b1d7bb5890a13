"""A phone for test_valgrind, in a process that valgrind watches: the whole journey, and each kind of bad input once. Its parent
answers on standard input with what arrived on the phone; the last line says that it got to its end."""

import asyncio
import gc
import json
import sys

sys.path.insert(0, sys.argv[1])

import eid_core as eid  # noqa: E402
from phone import PASSCODE, Phone, SoftwareKey, run  # noqa: E402

HUGE = 1 << 20
AGE = eid.PresentDraft(purpose=eid.Purpose.AGE, allow_reuse=True)


class Bent(SoftwareKey):
    """Answers what it is told to, or throws it, once."""

    answer = None

    def bent(self, answer):
        bent, self.answer = self.answer, None
        if isinstance(bent, Exception):
            raise bent
        return answer if bent is None else bent

    async def generate(self, alias, access):
        return self.bent(await super().generate(alias, access))

    async def sign(self, alias, data):
        return self.bent(await super().sign(alias, data))

    async def derive(self, alias, input):
        answer = await super().derive(alias, input)
        # What the guard's keys say wrongly is a lost record of tries.
        return answer if alias.startswith("guard-") else self.bent(answer)


class Chip(eid.ChipLink):
    async def connect(self, wait_ms):
        return eid.ChipLimits(max_command=0, max_response=1 << 31)

    async def transceive(self, command, timeout_ms):
        return b"\x90"

    async def end_session(self, success):
        raise eid.ChipLinkError.TagLost()


class Attest(eid.Integrity):
    async def attest(self, nonce):
        return bytes(16_385)


async def refused(call, *kinds):
    """The call is refused with one of these errors."""
    try:
        await call
    except kinds or eid.EidError:
        return
    raise AssertionError("it went through")


def refused_at_once(call, *kinds):
    try:
        call()
    except kinds or eid.EidError:
        return
    raise AssertionError("it went through")


async def cancelled(call, token=None):
    """Starts the call and breaks it off, by its token or by asyncio."""
    task = asyncio.ensure_future(call)
    await asyncio.sleep(0.05)
    (token or task).cancel()
    try:
        await task
    except (asyncio.CancelledError, eid.EidError):
        pass


async def configurations(phone):
    for change in (
        {"folder": ""},
        {"app_id": "x" * HUGE},
        {"platform_url": "http://localhost"},
        {"ca_der": [bytes(HUGE)]},
        {"ca_der": [b"\x30\x00"] * 10_000},
        {"trust_roots": [bytes(65)]},
        {"batch": 21},
    ):
        refused_at_once(lambda: eid.EidApp(phone.config(**change), phone.platform()))
    # What is no text, no number or no object of ours is refused on this side of the border.
    refused_at_once(lambda: phone.app.start_activation("\ud800", "0").send(None), UnicodeEncodeError)
    refused_at_once(lambda: eid.error_text(2**32, eid.Language.EN), ValueError)
    refused_at_once(lambda: eid.EidApp(None, None), AttributeError, TypeError)
    assert eid.build_info() and eid.error_text(2001, eid.Language.VI) and not eid.error_text(9999, eid.Language.EN)


async def malformed_buffers(unlocked):
    """Records whose bytes the generated code never writes: lengths that are not there, and no UTF-8."""
    proper = eid._UniffiFfiConverterString.write
    for length, content in ((2, b"\xff\xfe"), (3, b"\xed\xa0\x80"), (-1, b""), (2**31 - 1, b"rp/"), (7, b"")):

        def write(_value, buffer):
            buffer.write_i32(length)
            buffer.write(content)

        eid._UniffiFfiConverterString.write = staticmethod(write)
        try:
            await refused(unlocked.present(eid.PresentDraft(purpose=eid.Purpose.ID, counter="rp/x")), eid.InternalError)
        finally:
            eid._UniffiFfiConverterString.write = staticmethod(proper)


async def activation(phone, person):
    refused_early = phone.app.unlock(PASSCODE), phone.app.start_activation("1" * HUGE, "0900000001")
    for call in refused_early:
        await refused(call)
    token = eid.CancelToken()
    token.cancel()
    await refused(phone.app.start_activation(person["pid"], person["phone"], token), eid.EidError.UserCancelled)
    started = await phone.app.start_activation(person["pid"], person["phone"])
    await refused(started.complete(PASSCODE), eid.EidError.Conflict)
    print("code?", flush=True)
    code = input()
    await refused(started.confirm_code("9" * HUGE))
    await started.confirm_code(code)
    for picture in (b"", b"GIF89a", b"\xff\xd8\xff" + bytes(3 * HUGE)):
        await refused(started.submit_face(picture))
    await refused(started.read_card(eid.CardDraft(can="x" * HUGE)))
    await refused(started.read_card(eid.CardDraft()), eid.EidError.Device)
    await refused(started.use_voucher("x" * HUGE))
    await started.use_voucher(person["voucher"])
    await started.submit_face(bytes.fromhex(person["face"]))
    for passcode in (b"", b"27182a", b"2" * HUGE, b"111111"):
        await refused(started.complete(passcode), eid.EidError.Invalid)
    for answer in (b"", bytes(HUGE), eid.SecureKeyError.Unavailable(), ValueError("unannounced")):
        phone.key.answer = answer
        await refused(started.complete(PASSCODE), eid.EidError.Device)
    return await started.complete(PASSCODE)


async def session(phone, unlocked):
    await unlocked.refill()
    assert (await unlocked.home()).account.level == 2
    await malformed_buffers(unlocked)
    for draft in (
        {"counter": "rp/" + "x" * HUGE},
        {"challenge": bytes(HUGE)},
        {"purpose": eid.Purpose.FLEX, "claims": ["full_name"] * 10_000},
        {"purpose": eid.Purpose.FLEX, "claims": ["x" * HUGE]},
    ):
        await refused(unlocked.present(eid.PresentDraft(**{"purpose": eid.Purpose.ID, **draft})), eid.EidError.Invalid)
    shown = await unlocked.present(eid.PresentDraft(purpose=eid.Purpose.ID, photo=True))
    assert (await shown.sign()).qr.modules
    for answer in (b"", bytes(63), bytes(HUGE), eid.SecureKeyError.UserCancelled(), ValueError("unannounced")):
        phone.key.answer = answer
        await refused(shown.sign())
    await cancelled(unlocked.present(AGE))
    await cancelled(unlocked.home())
    token = eid.CancelToken()
    await cancelled(unlocked.refill(token), token)
    assert (await unlocked.history(None, 2**32 - 1)).items and await unlocked.history(0, 0)
    under_way = [asyncio.ensure_future(unlocked.home()) for _ in range(5)]
    await asyncio.sleep(0)
    unlocked.lock()
    await asyncio.gather(*under_way, return_exceptions=True)
    for call in (unlocked.home(), unlocked.refill(), unlocked.present(AGE), unlocked.history(None, 1), shown.sign()):
        await refused(call, eid.EidError.Locked)


async def main(folder, url, ca, person):
    sandbox = type("Sandbox", (), {"url": url, "ca_der": bytes.fromhex(ca)})()
    phone = Phone(sandbox, folder, key=Bent())
    await configurations(phone)
    await session(phone, await activation(phone, json.loads(person)))
    await refused(phone.app.unlock(b"314159"), eid.EidError.AuthFailed)
    for answer in (b"", bytes(33), bytes(HUGE), eid.SecureKeyError.Invalidated()):
        phone.key.answer = answer
        await refused(phone.app.unlock(PASSCODE), eid.EidError.Device)
    last = await phone.app.unlock(PASSCODE)
    shown = await last.present(AGE)
    assert all(finding.passed for finding in await eid.check_secure_key(SoftwareKey()))
    assert not all(finding.passed for finding in await eid.check_chip_link(Chip()))
    assert not all(finding.passed for finding in await eid.check_integrity(Attest()))
    phone.app.shutdown()
    phone.app.shutdown()
    for call in (phone.app.is_activated(), phone.app.unlock(PASSCODE), last.home(), shown.sign()):
        await refused(call, eid.EidError.Locked)


run(main(*sys.argv[2:]))
gc.collect()
print("came to its end", flush=True)
