"""Changes of records of every kind: written offline, confirmed, killed between, sent, refused, corrected, accepted."""

import base64
import hashlib
import json
from pathlib import Path

import eid_core as eid
import pytest
from conftest import refused
from evidence import PLANTED, photo
from phone import PASSCODE, MovableClock, Phone, run
from sandbox import serving
from test_own_data import checked, parts

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


def about(kind):
    """What the table says of a kind."""
    return next(case for case in CASES if case["kind"] == kind)


def saying(*views):
    """Everything that views say of themselves."""
    return " ".join(f"{view} {view!r}" for view in views)


def test_record_that_changed_meanwhile_is_shown_with_both_values_and_goes_on_as_its_holder_says(phone):
    sandbox, pid = phone.sandbox, TABLE["person"]

    async def journey():
        contract = {**about("water")["form"], "customer_code": "000555"}
        [made] = sandbox.change_record(pid, "water", form=contract)
        unlocked = await later(phone)
        update = await unlocked.begin_update("water", made)
        mine = {"customer_code": "000556", "relation": "member"}
        await unlocked.edit_update(update.id, edits(mine))
        sandbox.change_record(pid, "water", id=made, form={"customer_code": "000557", "provider_name": "Công ty Cấp nước Thử"})
        unlocked = await later(phone)
        seen = await unlocked.record_update(update.id)
        [conflict] = seen.conflict
        assert (conflict.path, conflict.mine, conflict.theirs) == ("customer_code", "000556", "000557")
        with refused(8184):
            await confirmed(unlocked, seen)
        rebased = await unlocked.rebase_update(update.id, ["customer_code"])
        assert rebased.conflict is None
        assert texts(rebased) == {**contract, **mine, "provider_name": "Công ty Cấp nước Thử"}
        told = saying(seen, conflict, *seen.form, rebased, eid.FieldEdit(path="a", text="000556"))
        assert "00055" not in told and "Công ty" not in told
        await confirmed(unlocked, rebased)
        await unlocked.sync_records()
        record = await unlocked.record("water", made, eid.Language.VI)
        assert {(change.path, change.text) for change in record.pending} == set(mine.items())
        [mismatch] = [mismatch for mismatch in record.mismatches if mismatch.path == "customer_code"]
        assert (mismatch.shown.text, mismatch.other.text, mismatch.other.authority) == ("000557", "000556", None)
        assert mismatch.shown.authority == record.authority and "00055" not in saying(record, *record.pending, mismatch)
        unlocked = await later(phone)
        record = await unlocked.record("water", made, eid.Language.VI)
        assert record.pending == [] == record.mismatches

    run(journey())


def test_authority_that_asks_for_more_is_given_it_in_time(phone):
    async def journey():
        unlocked = await opened(phone)
        draft = await unlocked.begin_update("education")
        # Not the one that other tests may have had entered.
        other = {**about("education")["form"], "diploma_number": "MAU-100201", "register_number": "1003/DHM"}
        draft = await unlocked.edit_update(draft.id, edits(other))
        await confirmed(unlocked, draft)
        await unlocked.sync_records()
        unlocked = await later(phone)
        asked = await unlocked.record_update(draft.id)
        assert (asked.step, asked.reason.code, asked.receipt.round) == (eid.UpdateStep.SUPPLEMENT, 8204, 0)
        assert asked.due_at > asked.changed_at
        assert "planted" not in eid.error_text(asked.reason.code, eid.Language.VI)
        one = await unlocked.attach_evidence(draft.id, photo(b"one"))
        two = await unlocked.attach_evidence(draft.id, photo(b"two"))
        assert [len(update.evidence) for update in (one, two)] == [1, 2]
        left = await unlocked.detach_evidence(draft.id, one.evidence[0].sha256)
        assert [piece.sha256 for piece in left.evidence] == [two.evidence[1].sha256]
        for nothing in (one.evidence[0].sha256, b"", bytes(1_000)):
            assert (await unlocked.detach_evidence(draft.id, nothing)).evidence == left.evidence
        await confirmed(unlocked, left)
        await unlocked.sync_records()
        assert (await unlocked.record_update(draft.id)).receipt.round == 1
        unlocked = await later(phone)
        assert (await unlocked.record_update(draft.id)).step == eid.UpdateStep.ACCEPTED

    run(journey())


def test_records_are_found_as_people_type_and_asked_for_anew(phone):
    async def journey():
        unlocked = await opened(phone)
        assert await phone.told(eid.Event.RECORDS_CHANGED)
        hits = await unlocked.search_records("nguyen thi minh hanh", 100, eid.Language.VI)
        assert {hit.kind for hit in hits} >= {"identity", "driving_licence"}
        assert len(await unlocked.search_records("Hạnh", 1, eid.Language.VI)) == 1
        for nothing in ("", "   ", "khongcoai", "x" * 1_000_000):
            assert await unlocked.search_records(nothing, 100, eid.Language.VI) == []
        everything = await unlocked.records(eid.Language.VI)
        assert {hit.id for hit in hits} <= {record.id for record in everything}
        phone.pass_time(2 * 86_400)
        unlocked = await opened(phone)
        assert (await unlocked.record("driving_licence", "driving_licence-1", eid.Language.VI)).is_stale
        due_at = await unlocked.refresh_records("driving_licence")
        assert due_at == await unlocked.refresh_records("driving_licence"), "asked once"
        unlocked = await later(phone)
        assert not (await unlocked.record("driving_licence", "driving_licence-1", eid.Language.VI)).is_stale

    run(journey())


def test_what_cannot_be_done_with_records_is_refused_by_number_and_nothing_is_lost(phone):
    async def journey():
        unlocked = await opened(phone)
        draft = await unlocked.begin_update("electricity")
        calls = {
            8180: [lambda: unlocked.records(eid.Language.VI, "x" * 100_000), lambda: unlocked.begin_update("", None)],
            8181: [lambda: unlocked.edit_update(draft.id, edits({"a[": "1"}))],
            8182: [
                lambda: unlocked.edit_update(draft.id, edits({"relation": "x" * 200_000})),
                lambda: unlocked.edit_update(draft.id, edits({f"list[{i}].a": "" for i in range(5_000)})),
            ],
            8189: [
                lambda: unlocked.record("water", "none", eid.Language.VI),
                lambda: unlocked.begin_update("water", "none"),
            ],
            8190: [lambda: unlocked.record_update("none"), lambda: unlocked.attach_evidence("none", photo())],
            8220: [lambda: unlocked.attach_evidence(draft.id, b"planted")],
            8222: [lambda: unlocked.attach_evidence(draft.id, photo()[:2_000])],
        }
        for code, all_of_it in calls.items():
            for call in all_of_it:
                with refused(code) as refusal:
                    await call()
                assert "planted" not in repr(refusal.value)
        assert await unlocked.record_update(draft.id) == draft, "all as it was"
        assert draft.id in {update.id for update in await unlocked.record_updates()}
        for _ in range(2):
            await unlocked.withdraw_update(draft.id)
        assert draft.id not in {update.id for update in await unlocked.record_updates()}

    run(journey())


def test_records_of_the_kinds_that_their_holder_chose_are_written_out_signed(phone):
    async def journey():
        unlocked = await opened(phone)
        with refused(8180):
            await unlocked.export_records(["identity", "x"], eid.Language.EN)
        chosen = ["identity", "driving_licence", "identity"]
        export = await unlocked.export_records(chosen, eid.Language.EN)
        shown = [record for kind in set(chosen) for record in await unlocked.records(eid.Language.EN, kind)]
        return export, shown, await unlocked.history(None, 1)

    export, shown, last = run(journey())
    claims = checked(export.signature, parts(export.signature)[0]["jwk"])
    digest = base64.urlsafe_b64encode(hashlib.sha256(export.json).digest()).rstrip(b"=").decode()
    assert claims["sha256"] == digest
    written = json.loads(export.json)["records"]
    assert {(record["kind"], record["id"]) for record in written} == {(record.kind, record.id) for record in shown}
    assert export.records == len(written) == len(shown) > 1
    for record in shown:
        assert all(line.label in export.html for line in record.lines) and export.html not in str(export)
    assert "<script" not in export.html and str(export) == "RecordsExportView(…)"
    assert last.items[0].act == eid.Act.EXPORTED
