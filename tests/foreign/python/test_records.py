"""Changes of records of every kind: written offline, confirmed, killed between, sent, refused, corrected, accepted."""

import json
from pathlib import Path

import eid_core as eid
import pytest
from conftest import refused
from evidence import PLANTED, photo
from phone import PASSCODE, MovableClock, Phone, run
from sandbox import serving

CASES = json.loads((Path(__file__).parents[2] / "journeys" / "records.json").read_text())

# How long every authority takes here.
TAKES_S = 60


@pytest.fixture(scope="module")
def holder(programs, tmp_path_factory):
    """An activated phone in a world whose time can be let pass; tests take copies."""
    folder = tmp_path_factory.mktemp("sandbox-records")
    with serving(programs, folder) as sandbox:
        phone = Phone(sandbox, tmp_path_factory.mktemp("records"), clock=MovableClock())

        async def activate():
            (await phone.ready(sandbox.new_person())).lock()

        run(activate())
        phone.app.shutdown()
        sandbox.authorities("natural", delay_s=TAKES_S)
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
        base = f"{kind}-1" if case.get("existing") else None

        phone.sandbox.fault("down")
        draft = await unlocked.begin_update(kind, base)
        wrong = {path: text for path, (text, _) in case["findings"].items()}
        draft = await unlocked.edit_update(draft.id, edits({**case["form"], **wrong}))
        found = {(finding.path, finding.code) for finding in draft.findings if finding.is_error}
        assert {(path, code) for path, (_, code) in case["findings"].items()} <= found
        assert draft.step == eid.UpdateStep.DRAFT

        phone.restart()
        unlocked = await phone.app.unlock(PASSCODE)
        kept = await unlocked.record_update(draft.id)
        assert texts(kept) == texts(draft), "nothing that was typed is lost"
        with refused(8186):
            await confirmed(unlocked, kept)
        right = await unlocked.edit_update(draft.id, edits({**case["form"], **case["refused"]}))
        assert [finding for finding in right.findings if finding.is_error] == []
        if case["evidence"]:
            right = await unlocked.attach_evidence(draft.id, photo(kind.encode()))
            assert [(piece.media_type, piece.is_uploaded) for piece in right.evidence] == [("image/jpeg", False)]
        queued = await confirmed(unlocked, right)
        assert queued.step == eid.UpdateStep.QUEUED and queued.receipt is None

        phone.restart()
        phone.sandbox.fault("off")
        unlocked = await opened(phone)
        sent = await unlocked.record_update(draft.id)
        assert sent.receipt.dossier and all(piece.is_uploaded for piece in sent.evidence)
        unlocked = await later(phone)
        refusal = await unlocked.record_update(draft.id)
        assert (refusal.step, refusal.reason.code) == (eid.UpdateStep.REFUSED, case["refusal"]["code"])
        assert refusal.reason.path == case["refusal"].get("path") and refusal.due_at

        again = await unlocked.begin_update(kind, sent.record)
        assert again.id != draft.id and texts(again) == texts(refusal), "what was refused is corrected, not typed anew"
        cured = await unlocked.edit_update(again.id, edits({path: case["form"].get(path) for path in case["refused"]}))
        if case["evidence"]:
            cured = await unlocked.attach_evidence(again.id, photo(kind.encode()))
        assert (await confirmed(unlocked, cured)).step in (eid.UpdateStep.QUEUED, eid.UpdateStep.RECEIVED)
        await unlocked.sync_records()
        unlocked = await later(phone)
        assert (await unlocked.record_update(again.id)).step == eid.UpdateStep.ACCEPTED
        record = await unlocked.record(kind, sent.record, eid.Language.EN)
        assert record.status == "ok" and record.pending == [] and record.as_of
        assert record != known.get(sent.record), "the authority has entered it"
        return record

    record = run(journey())
    for line in record.lines:
        assert line.label and line.text and line.text not in repr(record)
