"""What a holder does with the history: writes it out, so that anybody can check it, chooses its term, erases it."""

import base64
import hashlib
import json

import eid_core as eid
import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from phone import PASSCODE, run

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

    assert [entry["act"] for entry in json.loads(export.json)["entries"]] == ["activated", "updated", "presented"]
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
