"""Ports that misbehave: they throw, answer late, twice, or with the wrong length. The app gives a typed error and goes on."""

import asyncio
import io
import sys
from contextlib import redirect_stderr

import eid_core as eid
import pytest
from phone import PASSCODE, Events, SoftwareKey, SystemClock, run

# Nobody's: it must not be seen anywhere.
PLANTED = "Nguyen Van Bi Mat 000190099999"
AGE = eid.PresentDraft(purpose=eid.Purpose.AGE, allow_reuse=True)


class Bad(SoftwareKey):
    """Does `what` with one kind of call, which may name the keys that it is about: `derive guard`."""

    def __init__(self, call=None, what=None):
        super().__init__()
        self.call, self.what, self.before = call, what, None

    async def spoil(self, call, alias, answer):
        if self.call is None or not f"{call} {alias}".startswith(self.call):
            return await answer
        return await self.what(self, answer)

    async def generate(self, alias, access):
        return await self.spoil("generate", alias, super().generate(alias, access))

    async def sign(self, alias, data):
        return await self.spoil("sign", alias, super().sign(alias, data))

    async def make_secret(self, alias, access):
        return await self.spoil("make_secret", alias, super().make_secret(alias, access))

    async def derive(self, alias, input):
        return await self.spoil("derive", alias, super().derive(alias, input))


def throws(error):
    async def what(_key, answer):
        answer.close()
        raise error

    return what


def answers(value):
    async def what(_key, answer):
        await answer
        return value

    return what


async def nothing(_key, answer):
    """Says that it did it, and did not."""
    answer.close()


async def never(_key, answer):
    answer.close()
    await asyncio.get_running_loop().create_future()


async def twice(key, answer):
    """The answer of the call before once more."""
    key.before, now = await answer, key.before
    return now if now is not None else key.before


async def late(_key, answer):
    value = await answer
    await asyncio.sleep(0.5)
    return value


def with_key(activated, folder, key):
    return activated.copy(folder, key=key.like(activated.key))


async def sign_and_unlock(phone, call, what):
    """Errors of a signature and of an unlocking, while one kind of call misbehaves."""
    shown = await (await phone.app.unlock(PASSCODE)).present(AGE)
    phone.key.call, phone.key.what = call, what
    errors = []
    for act in (shown.sign, lambda: phone.app.unlock(PASSCODE)):
        try:
            await act()
            errors.append(None)
        except eid.EidError as error:
            errors.append(error)
    phone.key.call = None
    assert await shown.sign(), "the showing goes on"
    assert await phone.app.unlock(PASSCODE), "no try was counted"
    return errors


ANNOUNCED = [
    (eid.SecureKeyError.UserCancelled(), eid.EidError.UserCancelled, 2023),
    (eid.SecureKeyError.Unavailable(), eid.EidError.Device, 2020),
    (eid.SecureKeyError.Invalidated(), eid.EidError.Device, 2021),
    (eid.SecureKeyError.Malformed(), eid.EidError.Device, 2022),
]
UNANNOUNCED = [ValueError(PLANTED), KeyError(PLANTED), RuntimeError(PLANTED), OSError(5, PLANTED), AssertionError(PLANTED)]


@pytest.mark.parametrize("call", ["sign", "derive vault"])
@pytest.mark.parametrize(("thrown", "kind", "code"), ANNOUNCED)
def test_key_that_throws_what_it_may_is_named(activated, tmp_path, call, thrown, kind, code):
    phone = with_key(activated, tmp_path, Bad())
    signing, unlocking = run(sign_and_unlock(phone, call, throws(thrown)))
    error = signing if call == "sign" else unlocking
    assert isinstance(error, kind) and error.code == code
    phone.app.shutdown()


@pytest.mark.parametrize("call", ["sign", "derive vault", "derive guard"])
@pytest.mark.parametrize("thrown", UNANNOUNCED, ids=lambda error: type(error).__name__)
def test_key_that_throws_anything_is_unavailable_and_its_text_is_seen_nowhere(
    activated, tmp_path, call, thrown, capfd
):
    phone = with_key(activated, tmp_path, Bad())
    signing, unlocking = run(sign_and_unlock(phone, call, throws(thrown)))
    error = signing if call == "sign" else unlocking
    assert isinstance(error, eid.EidError.Device) and error.code == 2020
    phone.app.shutdown()
    out, err = capfd.readouterr()
    for text in (str(error), repr(error), str(error.__cause__), str(error.__context__), out, err):
        assert PLANTED not in text and "Bi Mat" not in text


WRONG = [b"", b"\0", bytes(63), bytes(65), bytes(31), bytes(33), bytes(1 << 20)]


@pytest.mark.parametrize("call", ["sign", "derive vault", "derive guard"])
@pytest.mark.parametrize("answer", WRONG, ids=len)
def test_key_that_answers_with_a_wrong_length_is_found_out(activated, tmp_path, call, answer):
    phone = with_key(activated, tmp_path, Bad())
    signing, unlocking = run(sign_and_unlock(phone, call, answers(answer)))
    error = signing if call == "sign" else unlocking
    assert isinstance(error, eid.EidError.Device) and error.code == 2022
    phone.app.shutdown()


@pytest.mark.parametrize("answer", ["a text", None, 7, [1, 2]], ids=repr)
def test_key_that_answers_with_another_type_is_named(activated, tmp_path, answer):
    phone = with_key(activated, tmp_path, Bad())
    signing, _ = run(sign_and_unlock(phone, "sign", answers(answer)))
    assert isinstance(signing, eid.EidError.Device) and signing.code in (2020, 2022)
    phone.app.shutdown()


@pytest.mark.parametrize(
    ("call", "answer", "code"),
    [
        ("generate", b"", 2022),
        ("generate", bytes(65), 2022),
        ("generate", b"\x04" + bytes(63), 2022),
        ("generate", b"\x04" + bytes(65), 2022),
        ("derive vault", b"", 2022),
        ("derive vault", bytes(31), 2022),
        ("derive guard", bytes(33), 2022),
        ("derive vault", bytes(1 << 20), 2022),
    ],
    ids=lambda value: len(value) if isinstance(value, bytes) else None,
)
def test_key_that_is_wrong_during_activation_stops_it_and_it_goes_on_when_right(phone, call, answer, code):
    bad = Bad(call, answers(answer))
    phone.key = bad
    phone.restart()

    async def journey():
        activation = await phone.proven()
        with pytest.raises(eid.EidError.Device) as error:
            await activation.complete(PASSCODE)
        assert not await phone.app.is_activated()
        bad.call = None
        assert (await (await activation.complete(PASSCODE)).home()).account.level == 2
        return error.value.code

    assert run(journey()) == code


def test_key_that_answers_twice_is_found_out_by_its_signature(activated, tmp_path):
    phone = with_key(activated, tmp_path, Bad())

    async def journey():
        unlocked = await phone.app.unlock(PASSCODE)
        shown = await unlocked.present(AGE)
        phone.key.call, phone.key.what = "sign", twice
        await shown.sign()
        # The clock went on, so the same signature is of another proof.
        await asyncio.sleep(1.1)
        with pytest.raises(eid.EidError.Device) as error:
            await shown.sign()
        return error.value.code

    assert run(journey()) == 2022
    phone.app.shutdown()


def test_key_that_answers_late_is_waited_for_and_holds_nobody_else_up(activated, tmp_path):
    phone = with_key(activated, tmp_path, Bad())

    async def journey():
        unlocked = await phone.app.unlock(PASSCODE)
        shown = await unlocked.present(AGE)
        phone.key.call, phone.key.what = "sign", late
        signing = asyncio.ensure_future(shown.sign())
        home = await asyncio.wait_for(unlocked.home(), 0.4)
        assert home.account.level == 2 and not signing.done()
        assert (await signing).text
        # An answer that comes after the app was locked changes nothing.
        signing = asyncio.ensure_future(shown.sign())
        await asyncio.sleep(0.1)
        unlocked.lock()
        with pytest.raises(eid.EidError.Locked):
            await signing
        await asyncio.sleep(0.6)

    run(journey())
    phone.app.shutdown()


@pytest.mark.parametrize("what", [throws(eid.SecureKeyError.Unavailable()), throws(ValueError(PLANTED))])
def test_key_that_makes_no_secret_stops_activation_and_it_goes_on_when_right(phone, what):
    phone.key = bad = Bad("make_secret vault", what)
    phone.restart()

    async def journey():
        activation = await phone.proven()
        with pytest.raises(eid.EidError.Device) as error:
            await activation.complete(PASSCODE)
        assert not await phone.app.is_activated()
        bad.call = None
        assert (await (await activation.complete(PASSCODE)).home()).account.level == 2
        return error.value.code

    assert run(journey()) == 2020


def test_key_that_never_answers_holds_nobody_else_up(activated, tmp_path):
    phone = with_key(activated, tmp_path, Bad())

    async def journey():
        unlocked = await phone.app.unlock(PASSCODE)
        phone.key.call, phone.key.what = "derive", never
        waiting = asyncio.ensure_future(phone.app.unlock(PASSCODE))
        await asyncio.sleep(0.1)
        assert (await asyncio.wait_for(unlocked.home(), 5)).account.level == 2
        assert await asyncio.wait_for(phone.app.is_activated(), 5) and not waiting.done()
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting
        unlocked.lock()

    run(journey())
    phone.app.shutdown()


def test_key_that_answers_otherwise_than_before_opens_nothing(activated, tmp_path):
    phone = with_key(activated, tmp_path, Bad("derive vault", answers(bytes(32))))

    async def journey():
        with pytest.raises(eid.EidError.AuthFailed) as error:
            await phone.app.unlock(PASSCODE)
        phone.key.call = None
        assert await phone.app.unlock(PASSCODE)
        return error.value.code

    assert run(journey()) == 2001
    phone.app.shutdown()


def test_keys_of_the_guard_that_are_gone_cost_the_wait_of_many_wrong_tries(activated, tmp_path):
    phone = with_key(activated, tmp_path, Bad())
    for alias in ("guard-a", "guard-b"):
        phone.key.secrets.pop(alias, None)

    async def journey():
        with pytest.raises(eid.EidError.AuthFailed) as error:
            await phone.app.unlock(PASSCODE)
        return error.value

    error = run(journey())
    assert error.code == 2006 and 86_000 < error.wait_s <= 86_400
    phone.app.shutdown()


@pytest.mark.parametrize(
    "now",
    [
        lambda _: (_ for _ in ()).throw(eid.ClockError.Unavailable()),
        lambda _: (_ for _ in ()).throw(ValueError(PLANTED)),
        lambda _: eid.Moment(unix_seconds=0, monotonic_ms=0, boot_id=b""),
        lambda _: eid.Moment(unix_seconds=0, monotonic_ms=0, boot_id=bytes(15)),
        lambda _: eid.Moment(unix_seconds=0, monotonic_ms=0, boot_id=bytes(1 << 20)),
        lambda _: eid.Moment(unix_seconds=2**63, monotonic_ms=0, boot_id=bytes(16)),
        lambda _: None,
    ],
)
def test_clock_that_misbehaves_is_named_and_its_text_is_seen_nowhere(activated, tmp_path, now, capfd):
    clock = type("BadClock", (SystemClock,), {})()
    phone = activated.copy(tmp_path)
    phone.app.shutdown()
    phone.clock = clock
    phone.app = eid.EidApp(phone.config(), phone.platform())

    async def journey():
        unlocked = await phone.app.unlock(PASSCODE)
        type(clock).now = now
        with pytest.raises(eid.EidError.Device) as error:
            await unlocked.present(AGE)
        with pytest.raises(eid.EidError.Device):
            await phone.app.unlock(PASSCODE)
        del type(clock).now
        assert await unlocked.present(AGE)
        return error.value

    error = run(journey())
    assert error.code == 2024
    phone.app.shutdown()
    assert PLANTED not in "".join((str(error), *capfd.readouterr()))


def test_event_sink_that_throws_or_blocks_stops_nothing(activated, tmp_path, capfd):
    class BadSink(Events):
        def on_event(self, event):
            super().on_event(event)
            raise ValueError(PLANTED)

    phone = activated.copy(tmp_path)
    phone.app.shutdown()
    phone.events = BadSink()
    phone.app = eid.EidApp(phone.config(), phone.platform())

    async def journey():
        unlocked = await phone.app.unlock(PASSCODE)
        for _ in range(3):
            await unlocked.present(AGE)
            await asyncio.sleep(0.05)
        assert (await unlocked.home()).account.level == 2

    run(journey())
    phone.app.shutdown()
    assert len(phone.events.seen) >= 4
    assert PLANTED not in "".join(capfd.readouterr())


def test_port_that_calls_back_into_the_app_does_not_hang(activated, tmp_path):
    class Curious(SoftwareKey):
        app = None

        async def sign(self, alias, data):
            assert await self.app.is_activated()
            return await super().sign(alias, data)

    phone = with_key(activated, tmp_path, Curious())
    phone.key.app = phone.app

    async def journey():
        shown = await (await phone.app.unlock(PASSCODE)).present(AGE)
        return await asyncio.wait_for(shown.sign(), 10)

    assert run(journey()).text
    phone.key.app = None
    phone.app.shutdown()


def test_contract_finds_out_each_port_that_misbehaves():
    async def check(key):
        return [finding.rule for finding in await eid.check_secure_key(key) if not finding.passed]

    for call, what in [
        ("sign", twice),
        ("sign", answers(bytes(64))),
        ("sign", answers(bytes(63))),
        ("generate", answers(bytes(65))),
        ("derive", answers(bytes(32))),
        ("derive", answers(bytes(33))),
        ("derive", twice),
        ("make_secret", throws(ValueError(PLANTED))),
        ("make_secret", nothing),
        ("sign", throws(ValueError(PLANTED))),
        ("derive", throws(eid.SecureKeyError.Unavailable())),
    ]:
        with redirect_stderr(io.StringIO()):
            assert run(check(Bad(call, what))), (call, what)
    assert sys.stderr is not None


def test_contract_of_chip_and_integrity_holds_for_good_ones_and_not_for_bad():
    class Chip(eid.ChipLink):
        def __init__(self, response=None):
            self.response, self.open = response, False

        async def connect(self, wait_ms):
            self.open = True
            return eid.ChipLimits(max_command=261, max_response=258)

        async def transceive(self, command, timeout_ms):
            if not self.open:
                raise eid.ChipLinkError.TagLost()
            if self.response is not None:
                return self.response
            return bytes.fromhex("9000" if command[5:12].hex() == "a0000002471001" else "6a82")

        async def end_session(self, success):
            self.open = False

    class Attest(eid.Integrity):
        def __init__(self, statement=None):
            self.statement = statement

        async def attest(self, nonce):
            return nonce if self.statement is None else self.statement

    def broken(findings):
        return [finding.rule for finding in findings if not finding.passed]

    assert broken(run(eid.check_chip_link(Chip()))) == [] == broken(run(eid.check_integrity(Attest())))
    for response in (b"", b"\x90", bytes.fromhex("9000"), bytes(65_539)):
        assert broken(run(eid.check_chip_link(Chip(response)))), len(response)
    for statement in (b"", b"same", bytes(16_385)):
        assert broken(run(eid.check_integrity(Attest(statement)))), len(statement)

    class Boom(eid.EventSink):
        def on_event(self, event):
            raise ValueError(PLANTED)

    assert broken(run(eid.check_event_sink(Boom()))) == ["each event is taken without an error"]
