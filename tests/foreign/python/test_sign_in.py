"""Signing in at the platform, and what only somebody who has may do."""

import asyncio
import time

import eid_core as eid
import pytest
from conftest import refused
from phone import PASSCODE, Phone, run


def test_signed_in_citizen_sees_the_phones_until_signing_out_or_locking(ready):
    async def journey():
        unlocked = await ready.app.unlock(PASSCODE)
        with refused(2056):
            await unlocked.devices()
        view = await unlocked.sign_in(PASSCODE)
        assert view.auth_level == 2 and abs(view.auth_time - time.time()) < 60
        assert [device.active for device in await unlocked.devices()] == [True]
        assert (await unlocked.history(None, 1)).items[0].act == eid.Act.SIGNED_IN
        await unlocked.sign_out()
        with refused(2056):
            await unlocked.devices()
        await unlocked.sign_out()
        await unlocked.sign_in(PASSCODE)
        unlocked.lock()
        with refused(2056):
            await (await ready.app.unlock(PASSCODE)).devices()

    run(journey())


def test_wrong_passcode_costs_a_try_here_and_malformed_ones_none(ready):
    async def journey():
        unlocked = await ready.app.unlock(PASSCODE)
        for passcode in (b"", b"27182a", b"2" * 1_000_000):
            with refused(2003):
                await unlocked.sign_in(passcode)
        for wrong_tries in (1, 2):
            with pytest.raises(eid.EidError.AuthFailed) as error:
                await unlocked.sign_in(b"314159")
            assert (error.value.code, error.value.wrong_tries) == (2001, wrong_tries)
        await unlocked.sign_in(PASSCODE)

    run(journey())


def test_sign_in_on_a_bad_network_can_be_repeated(ready, sandbox):
    async def journey():
        unlocked = await ready.app.unlock(PASSCODE)
        for fault in ("truncated", "nonsense"):
            sandbox.fault(fault)
            try:
                with pytest.raises(eid.EidError.Network):
                    await unlocked.sign_in(PASSCODE)
            finally:
                sandbox.fault("off")
        assert (await unlocked.sign_in(PASSCODE)).auth_level == 2

    run(journey())


def test_new_phone_takes_the_account_over_and_the_old_one_is_told(phone, sandbox, tmp_path):
    async def journey():
        person, new = sandbox.new_person(), Phone(sandbox, tmp_path / "new")
        before = await phone.ready(person)
        await before.sign_in(PASSCODE)
        after = await new.ready(person)
        with refused(1024):
            await before.devices()
        with refused(4006):
            await before.sign_in(PASSCODE)
        with refused(1024):
            await phone.app.unlock(PASSCODE)
        assert (await phone.app.app_status()).account == eid.AccountState.SUPERSEDED
        await after.sign_in(PASSCODE)
        assert sorted(device.active for device in await after.devices()) == [False, True]
        new.app.shutdown()

    run(journey())


def test_unlinked_phone_holds_nothing_and_can_be_activated_again(phone, sandbox):
    async def journey():
        person = sandbox.new_person()
        unlocked = await phone.ready(person)
        with pytest.raises(eid.EidError.AuthFailed):
            await unlocked.unlink(b"314159")
        sandbox.fault("nonsense")
        try:
            with pytest.raises(eid.EidError.Network):
                await unlocked.unlink(PASSCODE)
        finally:
            sandbox.fault("off")
        assert await phone.app.is_activated(), "nothing is deleted before the platform agrees"
        await unlocked.unlink(PASSCODE)
        assert not await phone.app.is_activated()
        with pytest.raises(eid.EidError.Locked):
            await unlocked.home()
        phone.restart()
        assert await phone.ready(person)

    run(journey())


def test_passcode_changed_signs_in_and_the_old_one_does_not(phone, sandbox):
    async def journey():
        unlocked = await phone.ready(sandbox.new_person())
        assert await unlocked.change_passcode(PASSCODE, b"161803") == eid.PasscodeOutcome.CHANGED
        with refused(2001):
            await unlocked.sign_in(PASSCODE)
        await unlocked.sign_in(b"161803")
        phone.restart()
        unlocked = await phone.app.unlock(b"161803")
        assert (await unlocked.sign_in(b"161803")).auth_level == 2

    run(journey())


def test_two_taps_at_once_sign_in_once_or_twice_and_lose_nothing(ready):
    async def journey():
        unlocked = await ready.app.unlock(PASSCODE)
        both = await asyncio.gather(unlocked.sign_in(PASSCODE), unlocked.sign_in(PASSCODE), return_exceptions=True)
        assert all(isinstance(view, eid.SignInView) for view in both), both
        assert len(await unlocked.devices()) == 1

    run(journey())
