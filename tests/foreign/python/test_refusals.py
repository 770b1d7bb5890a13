"""Each refusal of an activation has its code, loses nothing, and the activation goes on."""

import eid_core as eid
import pytest
from conftest import refused
from phone import PASSCODE, MovableClock, Phone, run
from sandbox import serving

CODE, CARD, FACE = eid.ActivationStep.CODE, eid.ActivationStep.CARD, eid.ActivationStep.FACE


@pytest.fixture
def sandbox(programs, tmp_path):
    """A platform of each test's own: its time passes."""
    with serving(programs, tmp_path) as sandbox:
        yield sandbox


@pytest.fixture
def phone(sandbox, tmp_path, reader):
    """A phone with a reader, whose time and the platform's can be let pass."""
    phone = Phone(sandbox, tmp_path, clock=MovableClock(), chip=reader)
    yield phone
    phone.app.shutdown()


@pytest.fixture
def person(sandbox):
    return sandbox.new_person()


@pytest.mark.parametrize(
    ("pid", "number", "kind", "code"),
    [
        (None, "0900000099", eid.EidError.Rejected, 7010),
        ("000099999999", None, eid.EidError.Rejected, 7010),
        ("12345", None, eid.EidError.Invalid, 8001),
        ("", None, eid.EidError.Invalid, 8001),
        (None, "12", eid.EidError.Invalid, 8030),
    ],
)
def test_wrong_numbers_begin_nothing(phone, person, pid, number, kind, code):
    async def journey():
        with pytest.raises(kind) as error:
            await phone.app.start_activation(person["pid"] if pid is None else pid, number or person["phone"])
        assert error.value.code == code
        assert await phone.activated(person)

    run(journey())


@pytest.mark.parametrize(("change", "code"), [({"locked": True}, 7020), ({"closed": True}, 7021)])
def test_register_decides_who_begins(phone, sandbox, person, change, code):
    async def journey():
        sandbox.register(person, **change)
        with refused(code):
            await phone.app.start_activation(person["pid"], person["phone"])
        sandbox.register(person, locked=False, closed=False)
        assert await phone.activated(person)

    run(journey())


def test_too_many_activations_have_to_wait(phone, sandbox, person):
    async def journey():
        for _ in range(5):
            await phone.app.start_activation(person["pid"], person["phone"])
        with pytest.raises(eid.EidError.Network) as error:
            await phone.app.start_activation(person["pid"], person["phone"])
        assert error.value.code == 7015 and 500 < error.value.retry_after_s <= 600
        phone.pass_time(error.value.retry_after_s)
        assert await phone.activated(person)

    run(journey())


def test_wrong_late_and_spent_codes_are_told_apart(phone, sandbox, person):
    async def journey():
        activation = await phone.app.start_activation(person["pid"], person["phone"])
        right = sandbox.code_for(person)
        wrong = "111111" if right != "111111" else "222222"
        for left in (4, 3, 2, 1):
            with pytest.raises(eid.EidError.AuthFailed) as error:
                await activation.confirm_code(wrong)
            assert (error.value.code, error.value.tries_left) == (2010, left)
            assert (activation.state().step, activation.state().tries_left) == (CODE, left)
        with refused(2012):
            await activation.confirm_code(wrong)
        with refused(7018):
            await activation.confirm_code(right)
        await activation.send_code()
        phone.pass_time(301)
        with pytest.raises(eid.EidError.Expired) as error:
            await activation.confirm_code(sandbox.code_for(person))
        assert error.value.code == 2011
        await activation.send_code()
        await activation.confirm_code(sandbox.code_for(person))
        assert activation.state().step == CARD

    run(journey())


@pytest.mark.parametrize(("state", "code"), [("expired", 7023), ("withdrawn", 7024)])
def test_card_that_the_register_does_not_honour_is_refused_and_a_voucher_goes_on(phone, sandbox, reader, person, state, code):
    async def journey():
        activation = await phone.confirmed(person)
        sandbox.register(person, card_state=state)
        reader.put(sandbox.card_of(person))
        with refused(code):
            await activation.read_card(eid.CardDraft())
        assert activation.state().step == CARD
        sandbox.register(person, card_state="valid")
        await activation.use_voucher(sandbox.voucher_for(person))
        assert activation.state().step == FACE

    run(journey())


def test_wrong_used_and_old_vouchers_are_told_apart(phone, sandbox, person, tmp_path):
    async def journey():
        other = sandbox.new_person()
        activation = await phone.confirmed(person)
        for left, voucher in ((4, "0000-0000-0000"), (3, sandbox.voucher_for(other))):
            with pytest.raises(eid.EidError.AuthFailed) as error:
                await activation.use_voucher(voucher)
            assert (error.value.code, error.value.tries_left) == (2041, left)
        for malformed in ("", "0000", "UUUUUUUUUUUU", "0" * 10_000):
            with pytest.raises(eid.EidError):
                await activation.use_voucher(malformed)
        assert activation.state().step == CARD
        voucher = sandbox.voucher_for(person)
        phone.pass_time(7 * 86_400)
        activation = await phone.confirmed(person)
        with refused(2042):
            await activation.use_voucher(voucher)
        voucher = sandbox.voucher_for(person)
        await activation.use_voucher(voucher.lower())
        await phone.finished(activation, person)
        other = Phone(sandbox, tmp_path / "other", clock=phone.clock)
        activation = await other.confirmed(person)
        with refused(2042):
            await activation.use_voucher(voucher)
        other.app.shutdown()

    run(journey())


def test_face_that_is_none_costs_no_try_and_anothers_one_of_three(phone, sandbox, person):
    async def journey():
        other = sandbox.face_of(sandbox.new_person())
        activation = await phone.confirmed(person)
        await activation.use_voucher(sandbox.voucher_for(person))
        for unusable in (b"", b"no picture", b"\xff\xd8\xff" + bytes(1000), bytes(3 << 20)):
            with refused(2044):
                await activation.submit_face(unusable)
        for left in (2, 1):
            with pytest.raises(eid.EidError.AuthFailed) as error:
                await activation.submit_face(other)
            assert (error.value.code, error.value.tries_left, activation.state().step) == (2043, left, FACE)
        with refused(2045):
            await activation.submit_face(other)
        assert activation.state().pid == person["pid"], "what was typed is kept"
        assert await phone.activated(person)

    run(journey())


@pytest.mark.parametrize(
    ("passcode", "code"),
    [(b"", 2003), (b"12345", 2003), (b"27182a", 2003), (b"2718281", 2003), (b"123456", 2004), (b"000000", 2004)],
)
def test_passcode_that_is_none_or_too_easy_is_refused_and_another_finishes(phone, person, passcode, code):
    async def journey():
        activation = await phone.proven(person)
        with pytest.raises(eid.EidError.Invalid) as error:
            await activation.complete(passcode)
        assert error.value.code == code and not await phone.app.is_activated()
        assert await activation.complete(PASSCODE)
        with pytest.raises(eid.EidError.Conflict) as error:
            await phone.app.start_activation(person["pid"], person["phone"])
        assert error.value.code == 1002

    run(journey())


def test_citizen_who_never_came_in_person_gets_no_level_two(phone, sandbox):
    async def journey():
        activation = await phone.proven(sandbox.without_level_two)
        with pytest.raises(eid.EidError.Rejected) as error:
            await activation.complete(PASSCODE)
        assert error.value.code == 2032 and not await phone.app.is_activated()

    run(journey())


def test_steps_out_of_order_are_refused_and_change_nothing(phone, sandbox, person):
    async def journey():
        activation = await phone.app.start_activation(person["pid"], person["phone"])
        face = sandbox.face_of(person)
        for step in (
            lambda: activation.use_voucher(sandbox.voucher_for(person)),
            lambda: activation.read_card(eid.CardDraft()),
            lambda: activation.submit_face(face),
            lambda: activation.complete(PASSCODE),
        ):
            with pytest.raises(eid.EidError.Conflict) as error:
                await step()
            assert (error.value.code, activation.state().step) == (7018, CODE)

    run(journey())


@pytest.mark.parametrize("fault", ["truncated", "nonsense"])
def test_every_step_on_a_bad_network_is_repeated_after_the_app_was_ended(phone, sandbox, person, fault):
    async def journey():
        # One voucher: the paper in the citizen's hand.
        voucher, face = sandbox.voucher_for(person), sandbox.face_of(person)
        steps = [
            lambda activation: phone.app.start_activation(person["pid"], person["phone"]),
            lambda activation: activation.confirm_code(sandbox.code_for(person)),
            lambda activation: activation.use_voucher(voucher),
            lambda activation: activation.submit_face(face),
            lambda activation: activation.complete(PASSCODE),
        ]
        activation = None
        for number, step in enumerate(steps):
            sandbox.fault(fault)
            try:
                with pytest.raises(eid.EidError.Network):
                    await step(activation)
            finally:
                sandbox.fault("off")
            phone.restart()
            activation = await phone.app.resume_activation()
            if number == 0:
                await activation.send_code()
            else:
                await step(activation)
        assert (await (await phone.app.unlock(PASSCODE)).home()).account.level == 2
        assert len(sandbox.messages_to(person)) == 1, "one message for one activation"

    run(journey())
