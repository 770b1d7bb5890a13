"""What holders do with what is known of them: the history, consents, and requests under the data-protection law."""

import base64
import hashlib
import json

import eid_core as eid
import pytest
from conftest import refused
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from phone import PASSCODE, MovableClock, Phone, run
from sandbox import serving

CURVE = ec.SECP256R1()


def unbase64url(text):
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def parts(jws):
    """Header, claims, what is signed, and the signature."""
    signed, _, signature = jws.rpartition(".")
    header, claims = (json.loads(unbase64url(part)) for part in signed.split("."))
    return header, claims, signed.encode(), unbase64url(signature)


def checked(jws, jwk):
    """The claims, after the signature was checked with nothing of ours."""
    _, claims, signed, signature = parts(jws)
    x, y = (int.from_bytes(unbase64url(jwk[name]), "big") for name in "xy")
    r, s = (int.from_bytes(half, "big") for half in (signature[:32], signature[32:]))
    key = ec.EllipticCurvePublicNumbers(x, y, CURVE).public_key()
    key.verify(encode_dss_signature(r, s), signed, ec.ECDSA(hashes.SHA256()))
    return claims


def test_history_written_out_is_checked_without_this_library_and_holds_no_values(ready):
    async def journey():
        unlocked = await ready.app.unlock(PASSCODE)
        await unlocked.present(eid.PresentDraft(purpose=eid.Purpose.ID))
        await unlocked.sign_in(PASSCODE)
        export = await unlocked.export_history(eid.Language.EN)
        return (await unlocked.home()).account, export, await unlocked.history(None, 1)

    account, export, last = run(journey())
    header, *_ = parts(export.signature)
    assert header["typ"] == "eid-export+jwt"
    numbers = ready.key.signing["device"].public_key().public_numbers()
    assert int.from_bytes(unbase64url(header["jwk"]["x"]), "big") == numbers.x, "it is this phone's device key"
    claims = checked(export.signature, header["jwk"])
    digest = base64.urlsafe_b64encode(hashlib.sha256(export.json).digest()).rstrip(b"=").decode()
    assert (claims["sha256"], claims["length"], claims["entries"]) == (digest, len(export.json), export.entries)
    granted = parts(export.grant)[1]
    assert (granted["sub"], granted["cnf"]["jwk"]) == (claims["sub"], header["jwk"])
    with pytest.raises(InvalidSignature):
        head, _, tail = export.signature.split(".")
        checked(f"{head}.{base64.urlsafe_b64encode(b'{}').decode()}.{tail}", header["jwk"])

    acts = [entry["act"] for entry in json.loads(export.json)["entries"]]
    assert acts == ["activated", "updated", "presented", "signed_in"]
    assert "sign_in" not in export.html and "Session at the platform" in export.html, "each purpose has words"
    for text in (export.json.decode(), export.html, str(export)):
        assert account.pid not in text and account.name not in text
    assert "<script" not in export.html and "http" not in export.html.replace("http-equiv", "")
    assert last.items[0].act == eid.Act.EXPORTED


def test_history_is_kept_for_the_term_that_the_holder_chose_and_erased_when_he_says_so(ready):
    async def journey():
        unlocked = await ready.app.unlock(PASSCODE)
        assert await unlocked.history_days() == 1827
        for days in (0, 29, 1828, 2**32 - 1):
            with pytest.raises(eid.EidError.Invalid) as error:
                await unlocked.keep_history_for(days)
            assert error.value.code == 9001
        await unlocked.keep_history_for(30)
        await unlocked.erase_history()
        ready.restart()
        unlocked = await ready.app.unlock(PASSCODE)
        assert await unlocked.history_days() == 30
        page = await unlocked.history(None, 50)
        assert [entry.act for entry in page.items] == [eid.Act.ERASED] and page.damaged == 0
        unlocked.lock()
        for call in (unlocked.history_days(), unlocked.erase_history(), unlocked.export_history(eid.Language.VI)):
            with pytest.raises(eid.EidError.Locked):
                await call

    run(journey())


def test_presence_that_is_refused_writes_nothing_out(ready):
    async def refuse(alias, data):
        raise eid.SecureKeyError.UserCancelled()

    async def journey():
        unlocked = await ready.app.unlock(PASSCODE)
        sign, ready.key.sign = ready.key.sign, refuse
        with pytest.raises(eid.EidError.UserCancelled):
            await unlocked.export_history(eid.Language.VI)
        ready.key.sign = sign
        assert (await unlocked.export_history(eid.Language.VI)).entries == 2

    run(journey())


@pytest.fixture
def aging(programs, tmp_path):
    """A phone with a platform of its own, for both of which time passes."""
    with serving(programs, tmp_path) as sandbox:
        phone = Phone(sandbox, tmp_path, clock=MovableClock())
        yield phone
        phone.app.shutdown()


def asked(*fields, **changes):
    """What a telecom company asks for, to register a SIM card."""
    draft = {
        "purpose": "sim-registration",
        "recipient_id": "rp/telecom-1",
        "recipient_name": "Viễn thông Mẫu",
        "fields": list(fields),
        "language": eid.Language.VI,
    }
    return eid.ConsentDraft(**{**draft, **changes})


def test_consent_is_exactly_what_was_shown_kept_offline_sent_withdrawn_and_ended(aging):
    async def journey():
        unlocked = await aging.ready(aging.sandbox.new_person())
        for draft, code in [
            (asked("pid", purpose="x"), 9006),
            (asked(), 9002),
            (asked("pid", "pid"), 9002),
            (asked("bank_account"), 9002),
            (asked("pid", recipient_name=" "), 9007),
            (asked("pid", days=0), 9001),
        ]:
            with refused(code):
                await unlocked.offer_consent(draft)
        offer = await unlocked.offer_consent(asked("pid", "full_name", "face"))
        shown = offer.view()
        names = [field.name for field in shown.fields]
        assert names == ["pid", "full_name", "face"] and shown.days == 365 and "nhạy cảm" in shown.sensitive_text
        for agreed in ([], names[:2], [*names, "phone"], ["pid", "full_name", "phone"]):
            with refused(9002):
                await unlocked.give_consent(offer, agreed, True)
        with refused(9003):
            await unlocked.give_consent(offer, names, False)
        assert await unlocked.consents() == []

        aging.sandbox.fault("down")
        given = await unlocked.give_consent(offer, names, True)
        assert (given.status, given.is_sent) == (eid.ConsentStatus.ACTIVE, False)
        assert "Mẫu" not in str(given) and "Mẫu" not in repr(given)
        aging.restart()
        unlocked = await aging.app.unlock(PASSCODE)
        assert await unlocked.consents() == [given], "kept without the platform"
        aging.sandbox.fault("off")
        with refused(2056):
            await unlocked.renew_consents()
        await unlocked.sign_in(PASSCODE)
        await unlocked.renew_consents()
        assert [consent.is_sent for consent in await unlocked.consents()] == [True]

        withdrawn = await unlocked.withdraw_consent(given.id)
        assert withdrawn.status == eid.ConsentStatus.WITHDRAWN and withdrawn.withdrawn_at
        with refused(9005):
            await unlocked.withdraw_consent("none")
        acts = [entry.act for entry in (await unlocked.history(None, 3)).items]
        assert acts == [eid.Act.WITHDRAWN, eid.Act.SIGNED_IN, eid.Act.CONSENTED]

        plain = await unlocked.offer_consent(asked("pid", days=7))
        assert plain.view().sensitive_text is None
        week = await unlocked.give_consent(plain, ["pid"], False)
        aging.pass_time(7 * 86_400)
        unlocked = await aging.app.unlock(PASSCODE)
        by_id = {consent.id: consent.status for consent in await unlocked.consents()}
        assert by_id == {given.id: eid.ConsentStatus.WITHDRAWN, week.id: eid.ConsentStatus.EXPIRED}

    run(journey())


# What becomes of a request at the sandbox.
PROMPT, EXTENDED, REFUSED, SILENT = range(4)


async def drafted(unlocked, kind, plan):
    """A draft that the sandbox will treat so: it goes by the number."""
    while True:
        draft = await unlocked.draft_data_request(kind, "Vì sao")
        if hashlib.sha256(draft.id.encode()).digest()[0] % 4 == plan:
            return draft
        await unlocked.discard_data_request(draft.id)


def test_request_under_the_law_is_drafted_sent_offline_answered_refused_or_left_with_its_days(aging):
    async def journey():
        unlocked = await aging.ready(aging.sandbox.new_person())
        with refused(9012):
            await unlocked.draft_data_request(eid.RequestKind.CORRECT, "")
        draft = await unlocked.draft_data_request(eid.RequestKind.CORRECT, "Sai năm sinh")
        again = await unlocked.draft_data_request(eid.RequestKind.CORRECT, "Sai ngày sinh", draft.id)
        assert (again.id, again.text, again.status) == (draft.id, "Sai ngày sinh", eid.RequestStatus.DRAFT)
        assert "Sai" not in str(again)
        await unlocked.discard_data_request(draft.id)
        for call in (unlocked.discard_data_request(draft.id), unlocked.send_data_request(draft.id)):
            with refused(9010):
                await call

        prompt = await drafted(unlocked, eid.RequestKind.ACCESS, PROMPT)
        aging.sandbox.fault("nonsense", "/v1/data-requests")
        assert (await unlocked.send_data_request(prompt.id)).status == eid.RequestStatus.QUEUED
        with refused(9011):
            await unlocked.discard_data_request(prompt.id)
        aging.sandbox.fault("off")
        aging.restart()
        unlocked = await aging.app.unlock(PASSCODE)
        await unlocked.sign_in(PASSCODE)
        await unlocked.renew_data_requests()
        received = (await unlocked.data_requests())[0]
        assert received.status == eid.RequestStatus.RECEIVED and received.answer_by < received.done_by
        sent = [prompt.id]
        for kind, plan in ((eid.RequestKind.DELETE, REFUSED), (eid.RequestKind.OBJECT, SILENT)):
            draft = await drafted(unlocked, kind, plan)
            await unlocked.send_data_request(draft.id)
            sent.append(draft.id)

        aging.pass_time(60 * 86_400)
        unlocked = await aging.app.unlock(PASSCODE)
        await unlocked.sign_in(PASSCODE)
        await unlocked.renew_data_requests()
        by_id = {request.id: request for request in await unlocked.data_requests()}
        done, refusal, left = (by_id[request] for request in sent)
        assert (done.status, done.missed) == (eid.RequestStatus.DONE, None)
        assert (refusal.status, refusal.missed) == (eid.RequestStatus.REFUSED, None)
        assert (left.status, left.missed) == (eid.RequestStatus.RECEIVED, eid.MissedTerm.COMPLETION)
        assert left.days_overdue > 0
        told = {entry.purpose: entry.code for entry in (await unlocked.history(None, 50)).items if entry.act == eid.Act.ANSWERED}
        assert told == {"access": None, "delete": 9013}

    run(journey())
