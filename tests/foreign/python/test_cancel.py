"""Cancelling at every await: by a token, by asyncio, and by letting go. What runs to its end does, the rest stops, and the
phone is in one of its proper states afterwards."""

import asyncio
import gc
import time

import eid_core as eid
import pytest
from phone import PASSCODE, SoftwareKey, run, used

# Seconds after which a call is cancelled: from before it starts to after most have ended.
MOMENTS = (0, 0.001, 0.005, 0.02, 0.06, 0.15)
AGE = eid.PresentDraft(purpose=eid.Purpose.AGE, allow_reuse=True)


class Interrupting(SoftwareKey):
    """Calls `interrupt` when the `at`-th call of a port begins, and goes on a moment later."""

    def __init__(self):
        super().__init__()
        self.calls, self.at, self.interrupt = 0, None, None

    def arm(self, at, interrupt):
        self.calls, self.at, self.interrupt = 0, at, interrupt

    async def count(self):
        self.calls += 1
        if self.calls - 1 == self.at:
            self.interrupt()
            await asyncio.sleep(0.02)

    async def generate(self, alias, access):
        await self.count()
        return await super().generate(alias, access)

    async def sign(self, alias, data):
        await self.count()
        return await super().sign(alias, data)

    async def make_secret(self, alias, access):
        await self.count()
        return await super().make_secret(alias, access)

    async def derive(self, alias, input):
        await self.count()
        return await super().derive(alias, input)

    async def remove(self, alias):
        await self.count()
        return await super().remove(alias)


async def cancelled(task):
    """Waits for a task that was cancelled, by whichever way: true if that ended it."""
    try:
        await task
        return False
    except (asyncio.CancelledError, eid.EidError.UserCancelled):
        return True


async def settled(check, seconds=20):
    """Waits until work that runs to its end has ended."""
    end = time.monotonic() + seconds
    while not await check():
        assert time.monotonic() < end, "it never ended"
        await asyncio.sleep(0.02)


WAYS = ("token", "asyncio")


def start(call, way):
    """A running call, and what cancels it; `call` takes a token."""
    token = eid.CancelToken() if way == "token" else None
    task = asyncio.ensure_future(call(token))
    return task, token.cancel if token else task.cancel


@pytest.mark.parametrize("way", WAYS)
def test_cancelled_before_it_starts_does_nothing(phone, sandbox, way):
    async def journey():
        person = sandbox.new_person()
        task, cancel = start(lambda token: phone.app.start_activation(person["pid"], person["phone"], token), way)
        cancel()
        assert await cancelled(task)

    run(journey())
    assert not (phone.folder / "app").exists()


@pytest.mark.parametrize("way", WAYS)
def test_activation_cancelled_at_each_moment_is_done_or_can_be_gone_on_with(activated, sandbox, tmp_path, way):
    from phone import Phone

    async def journey(moment, number):
        phone = Phone(sandbox, tmp_path / str(number))
        activation = await phone.proven()
        task, cancel = start(lambda token: activation.complete(PASSCODE, token), way)
        await asyncio.sleep(moment)
        cancel()
        await cancelled(task)
        try:
            # Steps wait for each other, so this one comes after the first has ended.
            unlocked = await activation.complete(PASSCODE)
        except eid.EidError.Conflict as error:
            assert error.code == 1002
            unlocked = await phone.app.unlock(PASSCODE)
        assert (await unlocked.home()).account.level == 2
        assert (await unlocked.history(None, 50)).items[-1].act == eid.Act.ACTIVATED
        phone.app.shutdown()

    for number, moment in enumerate(MOMENTS):
        run(journey(moment, number))


@pytest.mark.parametrize("way", WAYS)
def test_activation_cancelled_at_each_port_call_is_done_or_can_be_gone_on_with(sandbox, tmp_path, way):
    from phone import Phone

    async def journey(at):
        key = Interrupting()
        phone = Phone(sandbox, tmp_path / str(at), key=key)
        activation = await phone.proven()
        task, cancel = start(lambda token: activation.complete(PASSCODE, token), way)
        key.arm(at, cancel)
        assert await cancelled(task) == (key.calls > at)
        await settled(phone.app.is_activated)
        assert (await (await phone.app.unlock(PASSCODE)).home()).account.level == 2
        phone.app.shutdown()
        return key.calls > at

    reached = [run(journey(at)) for at in range(7)]
    assert reached == [True] * 7, "device key, signature, secret and answer of the passcode and of the guard"


@pytest.mark.parametrize("way", WAYS)
def test_code_confirmation_cancelled_at_each_moment_can_be_repeated(phone, sandbox, way):
    async def journey():
        person = sandbox.new_person()
        activation = await phone.app.start_activation(person["pid"], person["phone"])
        code = sandbox.code_for(person)
        for moment in MOMENTS:
            task, cancel = start(lambda token: activation.confirm_code(code, token), way)
            await asyncio.sleep(moment)
            cancel()
            await cancelled(task)
        await activation.confirm_code(code)
        await phone.prove(activation, person)
        assert await activation.complete(PASSCODE)

    run(journey())


@pytest.mark.parametrize("moment", MOMENTS)
def test_unlock_abandoned_at_each_moment_leaves_the_phone_locked_and_costs_no_wait(ready, moment):
    async def journey():
        for _ in range(4):
            task = asyncio.ensure_future(ready.app.unlock(PASSCODE))
            await asyncio.sleep(moment)
            task.cancel()
            await cancelled(task)
        # Each try that began ran to its end, and was right: none counts as wrong.
        assert (await (await ready.app.unlock(PASSCODE)).home()).account.level == 2

    run(journey())


def test_unlock_abandoned_when_its_answer_is_there_leaves_the_phone_locked(ready, monkeypatch):
    proper = eid._uniffi_set_future_result

    async def journey():
        def abandon_when_ready(future, poll_code):
            if poll_code == eid._UNIFFI_RUST_FUTURE_POLL_READY:
                task.cancel()
            proper(future, poll_code)

        monkeypatch.setattr(eid, "_uniffi_set_future_result", abandon_when_ready)
        task = asyncio.ensure_future(ready.app.unlock(PASSCODE))
        assert await cancelled(task)
        monkeypatch.undo()
        # The answer that nobody took was an unlocked app: it is let go, and that locks.
        await settled(lambda: asyncio.sleep(0, eid.Event.LOCKED in ready.events.seen), seconds=5)

    run(journey())


@pytest.mark.parametrize("moment", MOMENTS)
def test_showing_abandoned_at_each_moment_uses_a_credential_and_tells_the_history_or_neither(ready, moment):
    async def journey():
        unlocked = await ready.app.unlock(PASSCODE)
        unused = lambda home: sum(r.unused for r in home.readiness if r.purpose == eid.Purpose.AGE)  # noqa: E731
        for _ in range(2):
            task = asyncio.ensure_future(unlocked.present(AGE))
            await asyncio.sleep(moment)
            task.cancel()
            await cancelled(task)
        await asyncio.sleep(0.3)
        home, page = await unlocked.home(), await unlocked.history(None, 50)
        assert unused(home) + used(home, page) == 3

    run(journey())


@pytest.mark.parametrize("way", WAYS)
def test_refill_cancelled_at_each_port_call_runs_to_its_end(activated, tmp_path, way):
    async def journey(at):
        key = Interrupting().like(activated.key)
        phone = activated.copy(tmp_path / str(at), key=key)
        unlocked = await phone.app.unlock(PASSCODE)
        for _ in range(2):
            await unlocked.present(AGE)
        task, cancel = start(unlocked.refill, way)
        key.arm(at, cancel)
        assert await cancelled(task) == (key.calls > at)

        async def refilled():
            readiness = (await unlocked.home()).readiness
            return next(r for r in readiness if r.purpose == eid.Purpose.AGE).unused >= 3

        await settled(refilled)
        await (await unlocked.present(AGE)).sign()
        phone.app.shutdown()

    for at in (0, 1, 2, 4):
        run(journey(at))


def test_signature_abandoned_stops_the_port_call_too(ready):
    class Slow(SoftwareKey):
        ended = None

        async def sign(self, alias, data):
            try:
                await asyncio.sleep(30)
                self.ended = "answered"
            except asyncio.CancelledError:
                self.ended = "cancelled"
                raise

    async def journey():
        slow = Slow().like(ready.key)
        phone = ready.copy(ready.folder / "copy", key=slow)
        shown = await (await phone.app.unlock(PASSCODE)).present(AGE)
        task = asyncio.ensure_future(shown.sign())
        await asyncio.sleep(0.1)
        task.cancel()
        assert await cancelled(task)
        await settled(lambda: asyncio.sleep(0, slow.ended))
        phone.app.shutdown()
        return slow.ended

    assert run(journey()) == "cancelled"


def test_token_cancelled_again_or_after_the_call_does_no_harm(ready):
    async def journey():
        unlocked = await ready.app.unlock(PASSCODE)
        token = eid.CancelToken()
        await unlocked.refill(token)
        token.cancel()
        token.cancel()
        with pytest.raises(eid.EidError.UserCancelled) as error:
            await unlocked.refill(token)
        return error.value.code

    assert run(journey()) == 2023


def test_lock_while_calls_are_under_way_ends_them_and_later_ones_with_locked(ready):
    async def journey():
        unlocked = await ready.app.unlock(PASSCODE)
        shown = await unlocked.present(AGE)
        under_way = [asyncio.ensure_future(call) for call in [unlocked.home() for _ in range(50)] + [unlocked.refill()]]
        await asyncio.sleep(0)
        unlocked.lock()
        unlocked.lock()
        answers = await asyncio.gather(*under_way, return_exceptions=True)
        errors = [answer for answer in answers if isinstance(answer, Exception)]
        assert errors and all(isinstance(e, eid.EidError.Locked) and e.code == 4006 for e in errors)
        for call in (unlocked.home, shown.sign, unlocked.refill, lambda: unlocked.present(AGE)):
            with pytest.raises(eid.EidError.Locked) as error:
                await call()
            assert error.value.code == 4006
        assert (await (await ready.app.unlock(PASSCODE)).home()).account.level == 2

    run(journey())


def test_every_call_after_shutdown_is_refused_and_shutdown_again_does_nothing(ready):
    async def journey():
        unlocked = await ready.app.unlock(PASSCODE)
        shown = await unlocked.present(AGE)
        under_way = [asyncio.ensure_future(unlocked.home()) for _ in range(20)]
        await asyncio.sleep(0)
        ready.app.shutdown()
        ready.app.shutdown()
        for answer in await asyncio.gather(*under_way, return_exceptions=True):
            assert isinstance(answer, (eid.HomeView, eid.EidError.Locked))
        calls = [
            ready.app.is_activated(),
            ready.app.unlock(PASSCODE),
            ready.app.start_activation("000085000002", "0900000002"),
            unlocked.home(),
            shown.sign(),
        ]
        errors = await asyncio.gather(*calls, return_exceptions=True)
        unlocked.lock()
        return [type(error) for error in errors], [error.code for error in errors]

    types, codes = run(journey())
    assert types == [eid.EidError.Locked] * 5 and codes == [1004, 1004, 1004, 4006, 4006]


def test_objects_let_go_in_any_order_end_quietly(ready):
    async def journey():
        unlocked = await ready.app.unlock(PASSCODE)
        shown = await unlocked.present(AGE)
        task = asyncio.ensure_future(unlocked.home())
        await asyncio.sleep(0)
        del unlocked
        gc.collect()
        await asyncio.gather(task, return_exceptions=True)
        assert (await shown.sign()).text
        del shown
        gc.collect()

    run(journey())
