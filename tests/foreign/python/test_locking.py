"""Locking by itself, a passcode that is changed or used up, biometrics, and starting over."""

import asyncio

import eid_core as eid
import pytest
from phone import PASSCODE, MovableClock, run

NEW, WRONG = b"161803", b"314159"
AGE = eid.PresentDraft(purpose=eid.Purpose.AGE, allow_reuse=True)
DAY = 86_400


async def code_of(call):
    """The code that the call is refused with; none if it went through."""
    try:
        await call
        return None
    except eid.EidError as error:
        return error.code


async def opens(phone, passcode):
    code = await code_of(phone.app.unlock(passcode))
    phone.app.lock()
    assert code in (None, 2001)
    return code is None


async def told(phone, event, seconds=10):
    """Waits until the shell was told."""
    for _ in range(seconds * 50):
        if event in phone.events.seen:
            return True
        await asyncio.sleep(0.02)
    return False


def test_idle_app_locks_by_itself_and_says_so(ready):
    ready.restart(lock_idle_s=1)

    async def journey():
        unlocked = await ready.app.unlock(PASSCODE)
        shown = await unlocked.present(AGE)
        for _ in range(3):
            await asyncio.sleep(0.6)
            await shown.sign()
        assert eid.Event.LOCKED not in ready.events.seen, "use keeps it open"
        assert await told(ready, eid.Event.LOCKED)
        assert [await code_of(call) for call in (unlocked.home(), shown.sign())] == [4006, 4006]
        assert (await (await ready.app.unlock(PASSCODE)).home()).account.level == 2
        assert await code_of(unlocked.home()) == 4006, "an old handle stays locked"

    run(journey())


def test_app_in_the_background_locks_and_one_that_comes_back_in_time_does_not(activated, tmp_path):
    phone = activated.copy(tmp_path)
    phone.clock = MovableClock()
    phone.restart()

    async def journey():
        unlocked = await phone.app.unlock(PASSCODE)
        await phone.app.enter_background()
        phone.clock.ahead_s += 29
        await phone.app.enter_foreground()
        assert await code_of(unlocked.home()) is None
        await phone.app.enter_background()
        phone.clock.ahead_s += 30
        await phone.app.enter_foreground()
        assert await code_of(unlocked.home()) == 4006
        phone.restart(lock_background_s=0)
        unlocked = await phone.app.unlock(PASSCODE)
        await phone.app.enter_background()
        assert await told(phone, eid.Event.LOCKED)
        assert await code_of(unlocked.home()) == 4006
        # Nothing is unlocked: nothing to do.
        await phone.app.enter_foreground()

    run(journey())
    phone.app.shutdown()


def test_second_unlock_shares_the_session_and_either_locks_it(ready):
    async def journey():
        first, second = await asyncio.gather(ready.app.unlock(PASSCODE), ready.app.unlock(PASSCODE))
        shown = await first.present(AGE)
        assert (await second.history(None, 1)).items[0].act == eid.Act.PRESENTED
        second.lock()
        assert [await code_of(call) for call in (first.home(), shown.sign(), second.home())] == [4006] * 3
        third = await ready.app.unlock(PASSCODE)
        first.lock()
        assert await code_of(third.home()) is None, "a handle that is locked locks nothing else"
        ready.app.lock()
        assert await code_of(third.home()) == 4006

    run(journey())


def test_changed_passcode_opens_and_the_old_one_does_not(phone, sandbox):
    async def journey():
        unlocked = await phone.ready(sandbox.new_person())
        for old, new, code in ((WRONG, NEW, 2001), (PASSCODE, b"123456", 2004), (PASSCODE, b"1", 2003)):
            assert await code_of(unlocked.change_passcode(old, new)) == code
        assert await unlocked.change_passcode(PASSCODE, NEW) == eid.PasscodeOutcome.CHANGED
        assert (await unlocked.history(None, 1)).items[0].purpose == "passcode"
        assert await unlocked.repairs() == []
        phone.restart()
        assert not await opens(phone, PASSCODE) and await opens(phone, NEW)

    run(journey())


@pytest.mark.parametrize("fault", ["nonsense", "truncated"])
def test_passcode_whose_change_is_unsure_is_settled_at_the_next_contact(phone, sandbox, fault):
    async def journey():
        unlocked = await phone.ready(sandbox.new_person())
        sandbox.fault(fault, "/v1/instructions")
        try:
            assert await unlocked.change_passcode(PASSCODE, NEW) == eid.PasscodeOutcome.UNSURE
            sandbox.fault(fault)
            phone.restart()
            assert await opens(phone, PASSCODE) and await opens(phone, NEW)
            unlocked = await phone.app.unlock(NEW)
            with pytest.raises(eid.EidError.Network):
                await unlocked.change_passcode(NEW, b"141421")
        finally:
            sandbox.fault("off")
        await unlocked.refill()
        # The platform acted and only its answer was cut off; or it did not, and may yet within a minute: then either opens.
        assert await opens(phone, NEW) and await opens(phone, PASSCODE) == (fault == "nonsense")

    run(journey())


def test_change_of_passcode_abandoned_at_each_moment_leaves_a_passcode(phone, sandbox):
    async def journey():
        unlocked = await phone.ready(sandbox.new_person())
        old, new = PASSCODE, NEW
        for moment in (0, 0.02, 0.1, 0.3):
            task = asyncio.ensure_future(unlocked.change_passcode(old, new))
            await asyncio.sleep(moment)
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
            # A change that began runs to its end.
            await asyncio.sleep(2)
            opening = [passcode for passcode in (old, new) if await opens(phone, passcode)]
            assert len(opening) == 1
            old, new = (old, new) if opening == [old] else (new, old)
            unlocked = await phone.app.unlock(old)

    run(journey())


def test_ten_wrong_passcodes_destroy_the_key_and_starting_over_is_the_way_out(phone, sandbox):
    phone.clock = MovableClock()
    phone.restart()

    async def journey():
        person = sandbox.new_person()
        (await phone.ready(person)).lock()
        errors = []
        for _ in range(10):
            with pytest.raises(eid.EidError.AuthFailed) as error:
                await phone.app.unlock(WRONG)
            errors.append(error.value)
            assert error.value.wait_s == 0 or await code_of(phone.app.unlock(PASSCODE)) == 2002
            phone.clock.ahead_s += error.value.wait_s
        assert [(error.code, error.wrong_tries) for error in errors[:9]] == [(2001, n) for n in range(1, 10)]
        assert [error.wait_s for error in errors] == [0, 0, 60, 300, 1800, DAY, DAY, DAY, DAY, 0]
        assert errors[9].code == 2005 and "ten times" in eid.error_text(2005, eid.Language.EN)
        assert not {"vault-a", "vault-b"} & phone.key.secrets.keys()
        phone.clock.ahead_s += DAY
        assert await code_of(phone.app.unlock(PASSCODE)) == 2005
        phone.restart()
        assert await code_of(phone.app.unlock(PASSCODE)) == 2005

        phone.clock.ahead_s = 0
        await phone.app.reset()
        assert not await phone.app.is_activated() and not phone.key.secrets
        assert await code_of(phone.app.unlock(PASSCODE)) == 1001
        await phone.app.reset()
        assert (await (await phone.ready(person)).home()).account.level == 2

    run(journey())


def test_biometrics_open_until_somebody_else_is_enrolled(ready):
    class Prompt(type(ready.key)):
        cancels = False

        async def derive(self, alias, input):
            if self.cancels and alias in self.biometric:
                raise eid.SecureKeyError.UserCancelled()
            return await super().derive(alias, input)

    ready.key = key = Prompt().like(ready.key)
    ready.restart()

    async def journey():
        assert not await ready.app.has_biometrics()
        assert await code_of(ready.app.unlock_with_biometrics()) == 2008
        assert await code_of(ready.app.enable_biometrics(WRONG)) == 2001
        key.cancels = True
        assert await code_of(ready.app.enable_biometrics(PASSCODE)) == 2023
        assert not await ready.app.has_biometrics()
        key.cancels = False
        await ready.app.enable_biometrics(PASSCODE)
        assert await ready.app.has_biometrics()
        ready.restart()
        unlocked = await ready.app.unlock_with_biometrics()
        assert (await unlocked.home()).account.level == 2
        ready.app.lock()
        key.cancels = True
        assert await code_of(ready.app.unlock_with_biometrics()) == 2023
        key.cancels = False
        for _ in range(4):
            await code_of(ready.app.unlock(WRONG))
        assert await code_of(ready.app.unlock(PASSCODE)) == 2002
        assert await ready.app.unlock_with_biometrics()
        assert await opens(ready, PASSCODE), "the wait is over"

        key.enrol()
        assert await code_of(ready.app.unlock_with_biometrics()) == 2007
        assert not await ready.app.has_biometrics()
        assert await code_of(ready.app.unlock_with_biometrics()) == 2008
        await ready.app.enable_biometrics(PASSCODE)
        await ready.app.disable_biometrics()
        await ready.app.disable_biometrics()
        assert await code_of(ready.app.unlock_with_biometrics()) == 2008
        assert await opens(ready, PASSCODE)

    run(journey())


def test_reset_under_an_open_session_locks_it(ready):
    async def journey():
        unlocked = await ready.app.unlock(PASSCODE)
        await ready.app.reset()
        assert await code_of(unlocked.home()) == 4006
        assert not await ready.app.is_activated()

    run(journey())
