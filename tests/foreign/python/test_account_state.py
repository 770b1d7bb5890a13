"""A forgotten passcode, a lost phone, another phone, an account that is stopped: how each takes effect, and how it ends without loss."""

import eid_core as eid
import pytest
from conftest import refused
from phone import PASSCODE, MovableClock, Phone, run
from sandbox import serving

NEW, WRONG = b"161803", b"314159"
DAY = 86_400

# The codes of one number are limited in time.
NEXT_CODE_S = 601


@pytest.fixture
def sandbox(programs, tmp_path):
    """A platform of each test's own: its time passes."""
    with serving(programs, tmp_path) as sandbox:
        yield sandbox


@pytest.fixture
def person(sandbox):
    return sandbox.new_person()


@pytest.fixture
def phone(sandbox, tmp_path):
    phone = Phone(sandbox, tmp_path / "phone", clock=MovableClock())
    yield phone
    phone.app.shutdown()


@pytest.fixture
def other(phone, sandbox, tmp_path):
    """A phone beside the first, in the same time, without anything on it."""
    other = Phone(sandbox, tmp_path / "other", clock=phone.clock)
    yield other
    other.app.shutdown()


async def holder(phone, person):
    """An unlocked phone with credentials and a draft, and its lock code."""
    activation = await phone.proven(person)
    unlocked = await activation.complete(PASSCODE)
    await unlocked.refill()
    await unlocked.draft_data_request(eid.RequestKind.CORRECT, "Sai năm sinh")
    return unlocked, "-".join(activation.lock_code().groups)


async def goes_on(phone, passcode=PASSCODE):
    """Nothing was lost, and all works again."""
    unlocked = await phone.app.unlock(passcode)
    assert [draft.text for draft in await unlocked.data_requests()] == ["Sai năm sinh"]
    assert await unlocked.repairs() == []
    assert (await unlocked.sign_in(passcode)).auth_level == 2
    await unlocked.refill()
    proof = await (await unlocked.present(eid.PresentDraft(purpose=eid.Purpose.ID, allow_reuse=True))).sign()
    assert (await phone.app.app_status()).account == eid.AccountState.ACTIVE
    return unlocked, proof


async def sealed(phone, state, code):
    """It is said so, and nothing opens, also after a restart."""
    for _ in range(2):
        assert (await phone.app.app_status()).account == state
        with refused(code):
            await phone.app.unlock(PASSCODE)
        phone.restart()


@pytest.mark.parametrize("tries", [1, 10], ids=["forgotten", "used up"])
def test_passcode_is_replaced_on_the_same_phone_and_all_is_kept(phone, sandbox, person, tries):
    async def journey():
        unlocked, _ = await holder(phone, person)
        before = (await unlocked.history(None, 50)).items
        unlocked.lock()
        for _ in range(tries):
            with pytest.raises(eid.EidError.AuthFailed):
                await phone.app.unlock(WRONG)
            phone.pass_time(DAY)
        if tries == 10:
            with refused(2005):
                await phone.app.unlock(PASSCODE)
        recovery = await phone.app.start_recovery(person["pid"], person["phone"])
        steps = []
        # Killed before each step, as by a call that comes in.
        while (step := recovery.state().step) != eid.ActivationStep.PASSCODE:
            steps.append(step)
            assert recovery.state().purpose == eid.ActivationPurpose.RECOVER
            phone.restart()
            recovery = await phone.app.resume_activation()
            if step == eid.ActivationStep.CODE:
                await recovery.confirm_code(sandbox.code_for(person))
            elif step == eid.ActivationStep.CARD:
                await recovery.use_voucher(sandbox.voucher_for(person))
            else:
                await recovery.submit_face(sandbox.face_of(person))
        assert steps == [eid.ActivationStep.CODE, eid.ActivationStep.CARD, eid.ActivationStep.FACE]
        with refused(2004):
            await recovery.complete(b"123456")
        unlocked = await recovery.complete(NEW)
        after = (await unlocked.history(None, 50)).items
        assert after[-len(before) :] == before and len(recovery.lock_code().groups) == 3
        unlocked.lock()
        phone.restart()
        with refused(2001):
            await phone.app.unlock(PASSCODE)
        unlocked, _ = await goes_on(phone, NEW)
        assert await unlocked.change_passcode(NEW, PASSCODE) == eid.PasscodeOutcome.CHANGED

    run(journey())


def test_recovery_needs_this_phone_and_this_account(phone, other, sandbox, person):
    async def journey():
        unlocked, _ = await holder(phone, person)
        unlocked.lock()
        with refused(1001):
            await other.app.start_recovery(person["pid"], person["phone"])
        stranger = sandbox.new_person()
        with refused(7017):
            await phone.app.start_recovery(stranger["pid"], stranger["phone"])
        await other.activated(stranger)
        phone.pass_time(NEXT_CODE_S)
        recovery = await phone.app.start_recovery(stranger["pid"], stranger["phone"])
        await recovery.confirm_code(sandbox.code_for(stranger))
        await phone.prove(recovery, stranger)
        with refused(7012):
            await recovery.complete(NEW)
        await goes_on(phone)

    run(journey())


def test_lost_phone_is_locked_by_code_from_any_phone_and_its_proofs_are_refused(phone, other, counter, sandbox, person):
    async def journey():
        unlocked, code = await holder(phone, person)
        shown = await unlocked.present(eid.PresentDraft(purpose=eid.Purpose.ID))
        proof = await shown.sign()
        assert counter(proof.text)["code"] == "Q00"
        with pytest.raises(eid.EidError.AuthFailed) as error:
            await other.app.lock_account_by_code(person["pid"], "000000-000000-000000")
        assert (error.value.code, error.value.tries_left) == (2046, 4)
        await other.app.lock_account_by_code(person["pid"], code.lower())
        assert counter(proof.text)["code"] == "Q15", "a counter with today's list knows"

        with pytest.raises(eid.EidError.Rejected) as error:
            await unlocked.refill()
        assert error.value.code in (1020, 1021) and await phone.told(eid.Event.ACCOUNT_CHANGED)
        for call in (shown.sign(), unlocked.home(), unlocked.present(eid.PresentDraft(purpose=eid.Purpose.AGE))):
            with pytest.raises(eid.EidError.Locked):
                await call
        await sealed(phone, (await phone.app.app_status()).account, error.value.code)

        phone.pass_time(NEXT_CODE_S)
        lifting = await other.app.start_account_unlock(person["pid"], person["phone"])
        with refused(7018):
            await lifting.lift_lock()
        await lifting.confirm_code(sandbox.code_for(person))
        await other.prove(lifting, person)
        assert lifting.state().step == eid.ActivationStep.LOCK
        await lifting.lift_lock()
        assert not await other.app.is_activated()
        await goes_on(phone)

    run(journey())


def test_holder_locks_the_account_here_and_lifts_it_here(phone, sandbox, person):
    async def journey():
        unlocked, _ = await holder(phone, person)
        with refused(2001):
            await unlocked.lock_account(WRONG)
        await unlocked.lock_account(PASSCODE)
        with pytest.raises(eid.EidError.Locked):
            await unlocked.home()
        await sealed(phone, eid.AccountState.SELF_LOCKED, 1020)
        phone.pass_time(NEXT_CODE_S)
        await phone.app.start_account_unlock(person["pid"], person["phone"])
        phone.restart()
        lifting = await phone.app.resume_activation()
        assert lifting.state().purpose == eid.ActivationPurpose.UNLOCK
        await lifting.confirm_code(sandbox.code_for(person))
        await phone.prove(lifting, person)
        await lifting.lift_lock()
        await goes_on(phone)

    run(journey())


@pytest.mark.parametrize(
    ("stop", "lift", "state", "code"),
    [
        ({"card_state": "expired"}, {"card_state": "valid"}, eid.AccountState.CARD_EXPIRED, 1022),
        ({"locked": True}, {"locked": False}, eid.AccountState.LOCKED, 1021),
        ({"closed": True}, {"closed": False}, eid.AccountState.CLOSED, 1023),
    ],
    ids=["card expired", "locked by an authority", "death"],
)
def test_stopped_account_seals_the_phone_until_the_register_says_otherwise(phone, sandbox, person, stop, lift, state, code):
    async def journey():
        unlocked, _ = await holder(phone, person)
        sandbox.register(person, **stop)
        await (await unlocked.present(eid.PresentDraft(purpose=eid.Purpose.AGE))).sign()
        with refused(code):
            await unlocked.sign_in(PASSCODE)
        await sealed(phone, state, code)
        sandbox.register(person, **lift)
        await goes_on(phone)

    run(journey())


def test_new_phone_supersedes_the_old_one_which_seals_itself_and_can_take_the_account_back(phone, other, sandbox, person):
    async def journey():
        unlocked, _ = await holder(phone, person)
        await other.activated(person)
        with refused(1024):
            await unlocked.sign_in(PASSCODE)
        await sealed(phone, eid.AccountState.SUPERSEDED, 1024)
        with refused(1024):
            await phone.app.start_recovery(person["pid"], person["phone"])
        phone.pass_time(NEXT_CODE_S)
        back = await phone.proven(person)
        with refused(2001):
            await back.complete(WRONG)
        await back.complete(PASSCODE)
        await goes_on(phone)
        with refused(1024):
            await (await other.app.unlock(PASSCODE)).refill()

    run(journey())
