"""Acts that ask for more than a session, through the prompt: passcode, face, finger."""

import eid_core as eid
import pytest
from phone import PASSCODE, Phone, run

PHRASE = "Mèo vàng trên mái"
NEW = "0900000777"


def refused(code):
    return pytest.raises(eid.EidError, match=f"code={code}")


async def proven(unlocked, draft):
    """An order, with the passcode shown."""
    step = await unlocked.order_act(draft)
    assert step.choices == [eid.FactorChoice.PASSCODE]
    return step.id, await unlocked.answer_with_passcode(step.id, PASSCODE)


def test_phrase_ordered_outlives_the_app_and_is_shown_before_the_passcode(ready):
    async def journey():
        unlocked = await ready.app.unlock(PASSCODE)
        for bad in ("ab", "a" * 41, "ma 271828", "https://a.example", "mèo\u202e"):
            with refused(1031):
                await unlocked.order_act(eid.ActDraft.SET_PHRASE(bad))
        ordered = await unlocked.order_act(eid.ActDraft.SET_PHRASE(PHRASE))
        assert (ordered.act, ordered.level) == ("set_phrase", 2)
        assert PHRASE not in repr(eid.ActDraft.SET_PHRASE(PHRASE))
        ready.restart()
        unlocked = await ready.app.unlock(PASSCODE)
        assert await unlocked.pending_act() == ordered
        with pytest.raises(eid.EidError.AuthFailed) as wrong:
            await unlocked.answer_with_passcode(ordered.id, b"314159")
        assert wrong.value.wrong_tries == 1
        for _ in range(2):
            assert (await unlocked.answer_with_passcode(ordered.id, PASSCODE)).is_DONE()
        assert await unlocked.pending_act() is None
        with refused(1030):
            await unlocked.answer_with_passcode("0" * 32, PASSCODE)
        unlocked.lock()
        assert await ready.app.safety_phrase() == PHRASE

    run(journey())


def test_act_of_three_factors_takes_face_or_finger(sandbox, tmp_path):
    async def journey():
        phone, person = Phone(sandbox, tmp_path), sandbox.new_person()
        face = sandbox.face_of(person)
        unlocked = await phone.ready(person)
        identity, lacking = await proven(unlocked, eid.ActDraft.NEW_LOCK_CODE())
        assert lacking.step.missing == [eid.FactorKind.BIOMETRIC]
        assert lacking.step.choices == [eid.FactorChoice.FACE]
        with refused(2008):
            await unlocked.answer_with_biometrics(identity)
        with refused(2044):
            await unlocked.answer_with_face(identity, b"GIF89a")
        done = await unlocked.answer_with_face(identity, face)
        assert [len(group) for group in done.code.groups] == [6, 6, 6]
        assert done.code.groups[0] not in repr(done)
        assert (await unlocked.answer_with_face(identity, face)).code == done.code
        # The face counts for a while, also for the finger that is to count at once.
        _, counted = await proven(unlocked, eid.ActDraft.COUNT_BIOMETRICS(True))
        assert counted.is_BIOMETRICS_COUNT()
        identity, again = await proven(unlocked, eid.ActDraft.NEW_LOCK_CODE())
        assert again.is_NEW_LOCK_CODE() and again.code != done.code
        unlocked.lock()
        unlocked = await phone.app.unlock(PASSCODE)
        identity, lacking = await proven(unlocked, eid.ActDraft.NEW_LOCK_CODE())
        assert lacking.step.choices == [eid.FactorChoice.BIOMETRICS, eid.FactorChoice.FACE]
        third = await unlocked.answer_with_biometrics(identity)
        assert third.is_NEW_LOCK_CODE() and third.code not in (done.code, again.code)
        await unlocked.cancel_act(identity)
        phone.app.shutdown()

    run(journey())


def test_phone_number_is_changed_and_nothing_is_typed_twice(sandbox, tmp_path):
    async def journey():
        phone, person = Phone(sandbox, tmp_path), sandbox.new_person()
        unlocked = await phone.ready(person)
        with refused(2056):
            await unlocked.send_phone_code(eid.PhoneCodeDraft.CHANGE(NEW))
        await unlocked.sign_in(PASSCODE)
        with refused(8030):
            await unlocked.send_phone_code(eid.PhoneCodeDraft.CHANGE("112"))
        with refused(7018):
            await unlocked.order_act(eid.ActDraft.CHANGE_PHONE("271828"))
        expires_at = await unlocked.send_phone_code(eid.PhoneCodeDraft.CHANGE(NEW))
        phone.restart()
        unlocked = await phone.app.unlock(PASSCODE)
        asked = await unlocked.asked_phone_code()
        assert (asked.phone, asked.expires_at) == ("+84900000777", expires_at)
        code = sandbox.code_for({"phone": NEW})
        identity, _ = await proven(unlocked, eid.ActDraft.CHANGE_PHONE(code))
        done = await unlocked.answer_with_face(identity, sandbox.face_of(person))
        assert done.is_DONE() and await unlocked.asked_phone_code() is None
        contacts = await unlocked.contacts()
        assert [(c.hint, c.kind, c.is_due) for c in contacts] == [("*******777", eid.ContactKind.FIRST, False)]
        phone.app.shutdown()

    run(journey())
