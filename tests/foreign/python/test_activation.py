"""Activation with the identity card, which is read over a socket."""

import asyncio
import time

import eid_core as eid
import pytest
from card import SocketCard
from phone import PASSCODE, Phone, run

# Nobody's: it must not be seen anywhere.
PLANTED = "Nguyen Van Bi Mat 000190099999"
CAN = eid.CardDraft()


@pytest.fixture
def phone(sandbox, tmp_path, reader):
    """A phone with a reader, and no card on it."""
    phone = Phone(sandbox, tmp_path, chip=reader)
    yield phone
    phone.app.shutdown()


@pytest.fixture
def person(sandbox):
    return sandbox.new_person()


def step(activation):
    return activation.state().step


async def ended(reader, *sessions):
    """The reader's sessions ended so, at once or soon."""
    for _ in range(250):
        if reader.sessions == list(sessions):
            return
        await asyncio.sleep(0.02)
    raise AssertionError(f"{reader.sessions} instead of {sessions}")


def test_citizen_activates_level_two_with_the_card(phone, person, reader, capsys):
    async def journey():
        activation = await phone.confirmed(person)
        assert step(activation) == eid.ActivationStep.CARD and activation.card_progress() is None
        reader.put(phone.sandbox.card_of(person))
        started = time.monotonic()
        await activation.read_card(CAN)
        took = time.monotonic() - started
        assert step(activation) == eid.ActivationStep.FACE and reader.sessions == [True]
        assert eid.Event.CARD_PROGRESS in phone.events.seen and activation.card_progress() is None
        unlocked = await phone.finished(activation, person)
        assert activation.state() is None
        assert (await unlocked.home()).account.level == 2
        await unlocked.refill()
        with capsys.disabled():
            print(f"\ncard read from Python: {reader.exchanges} APDUs, {took:.2f} s with the socket and a debug build")

    run(journey())
    assert reader.exchanges <= 31


def test_card_that_is_lost_on_the_way_is_waited_for_and_read_on(phone, person, reader):
    async def journey():
        activation = await phone.confirmed(person)
        reader.put(phone.sandbox.card_of(person, tag_loss_at=[0, 5, 12, 13, 20, 26]))
        await activation.read_card(CAN)
        assert reader.sessions == [True] and step(activation) == eid.ActivationStep.FACE
        await (await phone.finished(activation, person)).refill()

    run(journey())


def test_wrong_number_another_card_and_no_card_are_told_apart_and_the_right_card_goes_on(phone, person, reader):
    other = phone.sandbox.new_person()
    cases = [
        (person, {}, eid.CardDraft(can="987654"), eid.EidError.AuthFailed, 6001),
        (person, {}, eid.CardDraft(can="98765"), eid.EidError.Invalid, 6003),
        (person, {}, eid.CardDraft(can=other["pid"][-6:]), eid.EidError.AuthFailed, 6001),
        (other, {}, eid.CardDraft(can=other["pid"][-6:]), eid.EidError.Rejected, 7022),
        (person, {"cloned": "other_keys"}, CAN, eid.EidError.Rejected, 6008),
        (person, {"replayed_aa": True}, CAN, eid.EidError.Rejected, 6009),
        (person, {"wrong_csca": True}, CAN, eid.EidError.Rejected, 6057),
        (person, {"expired_dsc": True}, CAN, eid.EidError.Expired, 6058),
        (person, {"wrong_hash": 13}, CAN, eid.EidError.Rejected, 6063),
    ]

    async def journey():
        activation = await phone.confirmed(person)
        for holder, quirks, draft, kind, code in cases:
            reader.put(phone.sandbox.card_of(holder, **quirks))
            with pytest.raises(kind) as error:
                await activation.read_card(draft)
            assert error.value.code == code, quirks
            assert step(activation) == eid.ActivationStep.CARD
            reader.take()
            await reader.end_session(False)
        assert not any(reader.sessions)
        reader.put(phone.sandbox.card_of(person))
        await activation.read_card(CAN)
        assert reader.sessions[-1] and await phone.finished(activation, person)

    run(journey())


def test_reading_that_is_cancelled_ends_at_once_and_the_next_one_begins_anew(phone, person, reader):
    async def reading(activation, token=None):
        begun = reader.exchanges
        task = asyncio.ensure_future(activation.read_card(CAN, token))
        while reader.exchanges < begun + 5:
            await asyncio.sleep(0.01)
        return task

    async def journey():
        activation = await phone.confirmed(person)
        slow = phone.sandbox.card_of(person, slow_ms=100)
        token = eid.CancelToken()
        reader.put(slow)
        task = await reading(activation, token)
        assert not activation.card_progress().waiting
        token.cancel()
        with pytest.raises(eid.EidError.UserCancelled):
            await asyncio.wait_for(task, 2)
        await ended(reader, False)
        assert activation.card_progress() is None
        reader.put(slow)
        task = await reading(activation)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        await ended(reader, False, False)
        # Also one that still waits for a card.
        token = eid.CancelToken()
        task = asyncio.ensure_future(activation.read_card(CAN, token))
        await asyncio.sleep(0.2)
        assert activation.card_progress().waiting
        token.cancel()
        with pytest.raises(eid.EidError.UserCancelled):
            await asyncio.wait_for(task, 2)
        await ended(reader, False, False, False)
        reader.put(phone.sandbox.card_of(person))
        await activation.read_card(CAN)

    run(journey())


def test_app_killed_after_any_step_or_while_reading_goes_on_where_it_was(phone, person, reader):
    async def again():
        phone.restart()
        return await phone.app.resume_activation()

    async def journey():
        assert await phone.app.resume_activation() is None
        await phone.app.start_activation(person["pid"], person["phone"])
        activation = await again()
        state = activation.state()
        assert (state.step, state.pid) == (eid.ActivationStep.CODE, person["pid"])
        assert person["pid"] not in str(state) and person["pid"] not in repr(state)
        await activation.confirm_code(phone.sandbox.code_for(person))

        activation = await again()
        reader.put(phone.sandbox.card_of(person, slow_ms=100))
        task = asyncio.ensure_future(activation.read_card(CAN))
        while reader.exchanges < 5:
            await asyncio.sleep(0.01)
        phone.app.shutdown()
        with pytest.raises(eid.EidError):
            await asyncio.wait_for(task, 5)
        sent = reader.exchanges
        await asyncio.sleep(0.3)
        assert reader.exchanges <= sent + 1, "nobody reads on"
        assert reader.sessions == [False], "the sheet is gone"

        activation = await again()
        assert step(activation) == eid.ActivationStep.CARD
        reader.put(phone.sandbox.card_of(person))
        await activation.read_card(CAN)
        activation, read = await again(), reader.exchanges
        assert step(activation) == eid.ActivationStep.FACE
        await activation.read_card(CAN)
        assert reader.exchanges == read, "what is done is done"
        (await phone.finished(activation, person)).lock()
        assert await again() is None and await phone.app.unlock(PASSCODE)

    run(journey())


class BadReader(SocketCard):
    """Does `what` instead of one kind of call, from the one with this number on; `once` or for ever."""

    call, number, once, what = None, 0, True, None

    def misbehave(self, call, number, what, once=True):
        self.call, self.number, self.what, self.once = call, number, what, once

    async def spoil(self, call, answer):
        if call != self.call:
            return await answer
        self.number -= 1
        if self.number > 0 or self.number < 0 and self.once:
            return await answer
        return await self.what(answer)

    async def connect(self, wait_ms):
        return await self.spoil("connect", super().connect(wait_ms))

    async def transceive(self, command, timeout_ms):
        return await self.spoil("transceive", super().transceive(command, timeout_ms))

    async def end_session(self, success):
        return await self.spoil("end_session", super().end_session(success))


@pytest.fixture
def bad(request, sandbox, tmp_path):
    """A phone whose reader misbehaves when it is told to."""
    reader = BadReader(request.config.getoption("programs").resolve(), tmp_path)
    phone = Phone(sandbox, tmp_path, chip=reader)
    yield phone
    phone.app.shutdown()
    reader.close()


def throws(error):
    async def what(answer):
        answer.close()
        raise error

    return what


def gives(value):
    async def what(answer):
        await answer
        return value

    return what


async def late(answer):
    value = await answer
    await asyncio.sleep(0.5)
    return value


async def never(answer):
    answer.close()
    await asyncio.get_running_loop().create_future()


class Twice:
    """The answer of the command before once more."""

    before = None

    async def __call__(self, answer):
        self.before, now = await answer, self.before
        return self.before if now is None else now


async def read_with(phone, person, call, number, what, once=True):
    """The error of a reading, or none. Whatever it was, the next one succeeds."""
    reader, activation = phone.chip, await phone.confirmed(person)
    reader.put(phone.sandbox.card_of(person))
    reader.misbehave(call, number, what, once)
    error = None
    try:
        await asyncio.wait_for(activation.read_card(CAN), 30)
    except eid.EidError as refused:
        error = refused
    reader.misbehave(None, 0, None)
    if error:
        reader.put(phone.sandbox.card_of(person))
        await activation.read_card(CAN)
    assert step(activation) == eid.ActivationStep.FACE
    return error


@pytest.mark.parametrize("call", ["connect", "transceive"])
@pytest.mark.parametrize(
    ("thrown", "kind", "code"),
    [
        (eid.ChipLinkError.UserCancelled(), eid.EidError.UserCancelled, 2023),
        (eid.ChipLinkError.Unavailable(), eid.EidError.Device, 6016),
        (ValueError(PLANTED), eid.EidError.Device, 6016),
        (AssertionError(PLANTED), eid.EidError.Device, 6016),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Exception) else None,
)
def test_reader_that_throws_ends_the_reading_and_its_text_is_seen_nowhere(bad, person, call, thrown, kind, code, capfd):
    error = run(read_with(bad, person, call, 1 if call == "connect" else 9, throws(thrown)))
    assert isinstance(error, kind) and error.code == code
    # One that was never begun is not ended.
    assert bad.chip.sessions == [False, True][call == "connect" :]
    out, err = capfd.readouterr()
    for text in (str(error), repr(error), str(error.__cause__), str(error.__context__), out, err):
        assert PLANTED not in text and "Bi Mat" not in text


@pytest.mark.parametrize(
    "what",
    [
        throws(eid.ChipLinkError.TagLost()),
        throws(eid.ChipLinkError.Timeout()),
        gives(b""),
        gives(b"\x90"),
        gives(bytes(65_539)),
        late,
    ],
    ids=["lost", "timed out", "empty", "one byte", "too long", "late"],
)
@pytest.mark.parametrize("number", [1, 9, 20])
def test_command_that_fails_once_is_got_over(bad, person, number, what):
    assert run(read_with(bad, person, "transceive", number, what)) is None
    assert bad.chip.sessions == [True]


@pytest.mark.parametrize("what", [Twice(), gives(bytes.fromhex("9000")), gives(bytes(300))], ids=["twice", "short", "zeros"])
def test_answers_that_are_not_the_cards_prove_nothing(bad, person, what):
    error = run(read_with(bad, person, "transceive", 9, what, once=False))
    assert error is not None and 6000 <= error.code < 6070


def test_card_that_never_lies_still_is_given_up(bad, person):
    error = run(read_with(bad, person, "transceive", 4, throws(eid.ChipLinkError.TagLost()), once=False))
    assert isinstance(error, eid.EidError.Device) and error.code == 6005


@pytest.mark.parametrize(("command", "response"), [(0, 0), (2**32 - 1, 2**32 - 1), (261, 258), (260, 257)])
def test_limits_that_a_reader_makes_up_break_nothing(bad, person, command, response):
    limits = eid.ChipLimits(max_command=command, max_response=response)
    error = run(read_with(bad, person, "connect", 1, gives(limits)))
    assert error is None or isinstance(error, eid.EidError)


def test_reader_that_hangs_is_left_when_the_citizen_cancels_and_its_end_is_not_waited_for_long(bad, person):
    async def journey():
        activation, reader = await bad.confirmed(person), bad.chip
        for call, number in (("connect", 1), ("transceive", 7)):
            reader.put(bad.sandbox.card_of(person))
            reader.misbehave(call, number, never)
            token = eid.CancelToken()
            task = asyncio.ensure_future(activation.read_card(CAN, token))
            await asyncio.sleep(1)
            assert not task.done()
            token.cancel()
            with pytest.raises(eid.EidError.UserCancelled):
                await asyncio.wait_for(task, 2)
            await asyncio.sleep(0.1)
        reader.put(bad.sandbox.card_of(person))
        reader.misbehave("end_session", 1, never)
        await asyncio.wait_for(activation.read_card(CAN), 15)

    run(journey())


def test_phone_without_a_reader_says_so(sandbox, tmp_path, person):
    phone = Phone(sandbox, tmp_path)

    async def journey():
        activation = await phone.confirmed(person)
        with pytest.raises(eid.EidError.Device) as error:
            await activation.read_card(CAN)
        assert error.value.code == 6016 and step(activation) == eid.ActivationStep.CARD

    run(journey())
    phone.app.shutdown()
