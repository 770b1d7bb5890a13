"""The app is killed, process and all, at each use of the phone's key hardware: nothing is lost, and it goes on."""

import secrets
import subprocess
import sys
from contextlib import ExitStack, asynccontextmanager
from itertools import count, cycle, pairwise
from pathlib import Path

import eid_core as eid
import pytest
from evidence import photo
from killed_child import activate, keys_in
from phone import PASSCODE, MovableClock, Phone, run
from sandbox import serving

CHILD = Path(__file__).with_name("killed_child.py")
NEW = b"161803"

# After which an instruction that the platform did not take can never be taken any more.
CHALLENGE_S = 61

# The codes of one number are limited in time.
NEXT_CODE_S = 601


class Killed:
    """A phone whose app is killed: that happens in a process of its own, what comes before and after in this one."""

    def __init__(self, bindings, folder, sandbox):
        self.bindings, self.folder, self.sandbox = bindings, folder, sandbox
        self.person = sandbox.new_person()
        self.clock = MovableClock()
        folder.mkdir()

    def typed(self):
        """What the citizen types to activate."""
        return self.person["pid"], self.person["phone"], self.sandbox.voucher_for(self.person)

    def dies(self, moment, *what):
        """True if the app was killed at this moment, false if it had done all before."""
        command = [sys.executable, CHILD, self.bindings, self.folder, self.sandbox.url, self.sandbox.ca]
        given = [self.clock.ahead_s, moment, *what]
        done = subprocess.run([str(part) for part in command + given], capture_output=True, text=True, timeout=60)
        assert done.returncode in (0, -9), done.stderr
        return done.returncode == -9

    @asynccontextmanager
    async def started(self):
        """The app, started again."""
        phone = Phone(self.sandbox, self.folder, key=keys_in(self.folder), clock=self.clock)
        yield phone
        phone.app.shutdown()


@pytest.fixture
def new_phone(request, programs, tmp_path):
    """Makes phones, each with a platform of its own."""
    with ExitStack() as platforms:

        def new_phone():
            folder = tmp_path / secrets.token_hex(4)
            folder.mkdir()
            sandbox = platforms.enter_context(serving(programs, folder))
            return Killed(request.config.getoption("bindings").resolve(), folder / "phone", sandbox)

        yield new_phone


async def opens(phone, passcode):
    """The session that a passcode opens, or none."""
    try:
        return await phone.app.unlock(passcode)
    except eid.EidError.AuthFailed as refused:
        assert refused.code == 2001
        return None


def killed_at_each_moment(journey):
    """Runs a journey, told at which use of the keys to kill the app, for each that there is; says how many there were."""
    for moment in count(1):
        if not run(journey(moment)):
            return moment


def test_app_killed_at_any_use_of_its_keys_activates_when_it_is_started_again(new_phone):
    async def journey(moment):
        killed = new_phone()
        typed = killed.typed()
        dead = killed.dies(moment, "activate", *typed)
        async with killed.started() as phone:
            if not await phone.app.is_activated():
                assert dead, "it said that it was activated"
                await activate(phone, *typed)
            assert await phone.app.resume_activation() is None
            unlocked = await phone.app.unlock(PASSCODE)
            await unlocked.refill()
            assert (await unlocked.home()).account.level == 2
            assert (await unlocked.sign_in(PASSCODE)).auth_level == 2
            assert len(killed.sandbox.messages_to(killed.person)) == 1, "one code is sent for one activation"
        return dead

    assert killed_at_each_moment(journey) > 10


def test_app_killed_at_any_use_of_its_keys_while_the_passcode_changes_leaves_one_that_works_everywhere(new_phone):
    killed, left = new_phone(), [PASSCODE]

    async def activated():
        async with killed.started() as phone:
            await activate(phone, *killed.typed())

    async def journey(moment):
        old, new = left[-1], NEW if left[-1] == PASSCODE else PASSCODE
        dead = killed.dies(moment, "change_passcode", old.decode(), new.decode())
        async with killed.started() as phone:
            unlocked = await opens(phone, old) or await opens(phone, new)
            assert unlocked, "one of them opens without the platform"
            phone.pass_time(CHALLENGE_S)
            await unlocked.refill()
            good = [passcode for passcode in (old, new) if await opens(phone, passcode)]
            assert len(good) == 1 and (dead or good == [new]), "after a contact it is clear which one"
            unlocked = await phone.app.unlock(*good)
            assert (await unlocked.sign_in(*good)).auth_level == 2, "the platform says the same"
        left.extend(good)
        return dead

    run(activated())
    assert killed_at_each_moment(journey) > 10
    changed = [before != after for before, after in pairwise(left)]
    assert changed == sorted(changed) and set(changed) == {False, True}, "first not taken by the platform, from one moment on taken"


def test_app_killed_at_any_use_of_its_keys_while_a_passcode_is_replaced_can_replace_it(new_phone):
    killed, passcodes = new_phone(), cycle((NEW, b"577215"))

    async def activated():
        async with killed.started() as phone:
            await activate(phone, *killed.typed())
            await (await phone.app.unlock(PASSCODE)).draft_data_request(eid.RequestKind.CORRECT, "Sai năm sinh")

    async def journey(moment):
        new = next(passcodes)
        killed.clock.ahead_s += NEXT_CODE_S
        killed.sandbox.pass_time(NEXT_CODE_S)
        dead = killed.dies(moment, "recover", *killed.typed(), new.decode())
        async with killed.started() as phone:
            if recovery := await phone.app.resume_activation():
                assert dead
                (await recovery.complete(new)).lock()
            unlocked = await phone.app.unlock(new)
            assert [draft.text for draft in await unlocked.data_requests()] == ["Sai năm sinh"]
            assert (await unlocked.sign_in(new)).auth_level == 2, "the platform says the same"
        return dead

    run(activated())
    assert killed_at_each_moment(journey) > 10


def test_app_killed_at_any_use_of_its_keys_while_a_change_of_a_record_is_confirmed_and_sent_sends_it_once(new_phone):
    killed = new_phone()

    async def activated():
        async with killed.started() as phone:
            await activate(phone, *killed.typed())

    async def journey(moment):
        form = {"customer_code": f"PA01000{moment:03}00", "relation": "holder", "contract_holder": killed.person["name"]}
        async with killed.started() as phone:
            unlocked = await phone.app.unlock(PASSCODE)
            update = await unlocked.begin_update("electricity")
            await unlocked.edit_update(update.id, [eid.FieldEdit(path=path, text=text) for path, text in form.items()])
            await unlocked.attach_evidence(update.id, photo(form["customer_code"].encode()))
        dead = killed.dies(moment, "submit", PASSCODE.decode(), update.id)
        async with killed.started() as phone:
            unlocked = await phone.app.unlock(PASSCODE)
            left = await unlocked.record_update(update.id)
            assert dead or left.receipt, left.step
            if left.step in (eid.UpdateStep.DRAFT, eid.UpdateStep.VALIDATED, eid.UpdateStep.EVIDENCED):
                step = await unlocked.order_act(eid.ActDraft.SUBMIT_UPDATE(update.id))
                assert (await unlocked.answer_with_passcode(step.id, PASSCODE)).is_QUEUED()
            await unlocked.sign_in(PASSCODE)
            assert (await unlocked.sync_records()).waiting == 0
            assert (await unlocked.record_update(update.id)).receipt.dossier
        received = [sent["jti"] for sent in killed.sandbox.submissions(killed.person)]
        assert received.count(update.id) == 1 and len(set(received)) == len(received) == moment, "none is lost or doubled"
        return dead

    run(activated())
    assert killed_at_each_moment(journey) > 10


def test_app_killed_at_any_use_of_its_keys_while_it_unlinks_can_be_activated_again(new_phone):
    killed = new_phone()

    async def journey(moment):
        async with killed.started() as phone:
            await activate(phone, *killed.typed())
        dead = killed.dies(moment, "unlink", PASSCODE.decode())
        async with killed.started() as phone:
            if await phone.app.is_activated():
                assert dead
                try:
                    await (await phone.app.unlock(PASSCODE)).unlink(PASSCODE)
                except eid.EidError.Device:
                    # The keys are gone already, and the app says what to do.
                    await phone.app.reset()
            assert not await phone.app.is_activated()
            phone.pass_time(NEXT_CODE_S)
        return dead

    assert killed_at_each_moment(journey) > 5
