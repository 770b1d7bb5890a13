"""Changes of records of every kind: written offline, confirmed, killed between, sent, refused, corrected, accepted."""

import json
from pathlib import Path

import eid_core as eid
import pytest
from conftest import refused
from evidence import PLANTED, photo
from phone import PASSCODE, MovableClock, Phone, run
from sandbox import serving

TABLE = json.loads((Path(__file__).parents[2] / "journeys" / "records.json").read_text())
CASES = TABLE["kinds"]

# How long every authority takes here.
TAKES_S = 60


@pytest.fixture(scope="module")
def holder(programs, tmp_path_factory):
    """The phone of the person of the table, whose finger counts, in a world whose time can be let pass; tests take copies."""
    with serving(programs, tmp_path_factory.mktemp("sandbox-records")) as sandbox:
        phone = Phone(sandbox, tmp_path_factory.mktemp("records"), clock=MovableClock())
        person = sandbox.person(TABLE["person"])

        async def activate():
            unlocked = await phone.activated(person)
            step = await unlocked.order_act(eid.ActDraft.COUNT_BIOMETRICS(True))
            await unlocked.answer_with_passcode(step.id, PASSCODE)
            assert (await unlocked.answer_with_face(step.id, sandbox.face_of(person))).is_BIOMETRICS_COUNT()
            unlocked.lock()

        run(activate())
        phone.app.shutdown()
        sandbox.authority("natural", delay_s=TAKES_S)
        yield phone


@pytest.fixture
def phone(holder, tmp_path):
    phone = holder.copy(tmp_path / "phone")
    yield phone
    phone.sandbox.fault("off")
    phone.app.shutdown()


async def opened(phone):
    """Unlocked, signed in, and as new as the platform."""
    unlocked = await phone.app.unlock(PASSCODE)
    await unlocked.sign_in(PASSCODE)
    await unlocked.sync_records()
    return unlocked


async def later(phone):
    """After the authorities had their time."""
    phone.pass_time(TAKES_S + 1)
    return await opened(phone)


def edits(form):
    return [eid.FieldEdit(path=path, text=text) for path, text in form.items()]


def texts(update):
    return {field.path: field.text for field in update.form}


async def confirmed(unlocked, update):
    """The change, confirmed with what its act asks for."""
    step = await unlocked.order_act(eid.ActDraft.SUBMIT_UPDATE(update.id))
    done = await unlocked.answer_with_passcode(step.id, PASSCODE)
    if done.is_MISSING():
        done = await unlocked.answer_with_biometrics(step.id)
    assert done.is_QUEUED()
    return await unlocked.record_update(update.id)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["kind"])
def test_record_of_every_kind_is_changed_offline_killed_refused_corrected_and_accepted(phone, case):
    kind = case["kind"]

    async def journey():
        unlocked = await opened(phone)
        known = {record.id: record for record in await unlocked.records(eid.Language.EN, kind)}
        base = next(iter(known)) if case["existing"] else None

        phone.sandbox.fault("down")
        draft = await unlocked.begin_update(kind, base)
        assert bool(draft.form) == case["existing"], "what the record says stands in the form"
        right = {**texts(draft), **case["form"]}
        wrong = {path: text for path, (text, _) in case["findings"].items()}
        draft = await unlocked.edit_update(draft.id, edits({**case["form"], **wrong}))
        found = {(finding.path, finding.code) for finding in draft.findings if finding.is_error}
        assert {(path, code) for path, (_, code) in case["findings"].items()} == found
        assert draft.step == eid.UpdateStep.DRAFT

        phone.restart()
        unlocked = await phone.app.unlock(PASSCODE)
        kept = await unlocked.record_update(draft.id)
        assert kept == draft, "nothing that was typed is lost"
        with refused(8186):
            await confirmed(unlocked, kept)
        cured = {path: right.get(path) for path in wrong}
        draft = await unlocked.edit_update(draft.id, edits({**cured, **case["refused"]}))
        assert [finding for finding in draft.findings if finding.is_error] == []
        if case["evidence"]:
            draft = await unlocked.attach_evidence(draft.id, photo(kind.encode()))
            assert [(piece.media_type, piece.is_uploaded) for piece in draft.evidence] == [("image/jpeg", False)]
        queued = await confirmed(unlocked, draft)
        assert queued.step == eid.UpdateStep.QUEUED and queued.receipt is None

        phone.restart()
        phone.sandbox.fault("off")
        unlocked = await opened(phone)
        sent = await unlocked.record_update(draft.id)
        assert sent.receipt.dossier and all(piece.is_uploaded for piece in sent.evidence)
        for piece in sent.evidence:
            arrived = phone.sandbox.evidence(TABLE["person"], piece.sha256)
            assert arrived.startswith(b"\xff\xd8") and PLANTED not in arrived and b"Exif" not in arrived
        unlocked = await later(phone)
        refusal = await unlocked.record_update(draft.id)
        assert (refusal.step, refusal.reason.code) == (eid.UpdateStep.REFUSED, case["refusal"]["code"])
        assert refusal.reason.path == case["refusal"]["path"] and refusal.due_at > refusal.changed_at, "an appeal is possible"

        again = await unlocked.begin_update(kind, sent.record)
        assert again.id != draft.id and texts(again) == texts(refusal), "what was refused is corrected, not typed anew"
        again = await unlocked.edit_update(again.id, edits({path: right.get(path) for path in case["refused"]}))
        if case["evidence"]:
            again = await unlocked.attach_evidence(again.id, photo(kind.encode()))
        await confirmed(unlocked, again)
        await unlocked.sync_records()
        assert (await unlocked.record_update(again.id)).receipt.dossier != sent.receipt.dossier
        unlocked = await later(phone)
        assert (await unlocked.record_update(again.id)).step == eid.UpdateStep.ACCEPTED
        record = await unlocked.record(kind, sent.record, eid.Language.EN)
        assert (record.status, record.pending, record.is_stale) == ("ok", [], False)
        before = known.get(sent.record)
        assert before is None or before.lines != record.lines, "the authority has entered it"
        return record

    record = run(journey())
    assert record.lines and all(line.label and line.text and line.text not in repr(record) for line in record.lines)
