"""Other implementations of COSE, CWT and claim 169 verify our proofs and read the same data out of them."""

import zlib

import base45
import cbor2
import claim169
import pytest
from cwt import COSE, CWT, COSEKey

import sdcwt

AUD, EXP, IAT, VCT, CNONCE = 3, 4, 6, 11, 39
NAME, BIRTH_DATE = "4", "8"
# The vectors' window is fixed: python-cwt is to look at signatures and shapes, the tests below at times.
ANY_TIME = 10**10


def cose_key(x: bytes, y: bytes, kid: bytes | None = None):
    return COSEKey.new({1: 2, 3: -7, -1: 1, -2: x, -3: y} | ({2: kid} if kid else {}))


def test_pycose_verifies_both_signatures_and_finds_what_was_shown(our_proof):
    shown, token = sdcwt.verify(our_proof.bytes, our_proof.issuer_key)
    expected = our_proof.expected
    assert token[VCT] == expected["vct"]
    assert sdcwt.as_json(token[sdcwt.IDENTITY_DATA]) == expected["claims"]
    assert shown[AUD] == expected["aud"]
    assert shown.get(CNONCE, b"").hex() == (expected["cnonce"] or "")
    assert our_proof.name.endswith("-challenged") == (CNONCE in shown)


def test_proof_lives_briefly_and_inside_its_token(proof):
    shown, token = sdcwt.verify(proof.bytes, proof.issuer_key)
    assert 0 < shown[EXP] - shown[IAT] <= 120
    assert token[IAT] <= shown[IAT] and shown[EXP] <= token[EXP]
    assert token[EXP] - token[IAT] <= 31 * 86_400 and token[IAT] % 86_400 == 0


def test_python_cwt_verifies_the_issuer_token(proof):
    token = sdcwt.issuer_token(proof.bytes)
    kid = cbor2.loads(cbor2.loads(token).value[0])[4]
    issuer = cose_key(proof.issuer_key[1:33], proof.issuer_key[33:], kid)
    claims = CWT.new(leeway=ANY_TIME).decode(token, issuer)
    _, ours = sdcwt.verify(proof.bytes, proof.issuer_key)
    identity = claims.pop(sdcwt.IDENTITY_DATA)
    restored = ours.pop(sdcwt.IDENTITY_DATA)
    assert claims == ours
    # What needs no disclosure is there as it is.
    in_clear = {key: value for key, value in identity.items() if not sdcwt.hashes({key: value})}
    assert in_clear.items() <= restored.items()


def test_python_cwt_verifies_the_holders_token(proof):
    shown, token = sdcwt.verify(proof.bytes, proof.issuer_key)
    holder = cose_key(*sdcwt.holder_key(token))
    assert cbor2.loads(COSE.new(verify_kid=False).decode(proof.bytes, holder)) == shown


def test_claim169_verifies_the_issuer_token(our_proof):
    if our_proof.name.startswith("flex"):
        # Its CBOR library knows no simple values: proof.md section 6. If this changes, flex joins the others.
        with pytest.raises(claim169.Claim169Exception):
            decode_claim169(our_proof)
        return
    result = decode_claim169(our_proof)
    assert result.verification_status == "verified"
    claims = our_proof.expected["claims"]
    assert result.claim169.full_name == claims.get(NAME)
    born = result.claim169.date_of_birth
    assert (born and born.replace("-", "")) == claims.get(BIRTH_DATE)
    assert (NAME in claims) == (not our_proof.name.startswith("age"))


def decode_claim169(proof):
    text = base45.b45encode(zlib.compress(sdcwt.issuer_token(proof.bytes))).decode()
    return claim169.decode_with_ecdsa_p256(text, proof.issuer_key, validate_timestamps=False)


def test_each_disclosure_has_exactly_one_hash(proof):
    token = cbor2.loads(sdcwt.issuer_token(proof.bytes)).value
    payload, disclosures = cbor2.loads(token[2]), token[1].get(sdcwt.SD_CLAIMS, [])
    identity = payload[sdcwt.IDENTITY_DATA]
    sdcwt.restore(identity, disclosures)
    for disclosure in disclosures:
        with pytest.raises(sdcwt.Refused):
            sdcwt.restore(identity, [disclosure[:-1] + bytes([disclosure[-1] ^ 1])])
    places = sdcwt.hashes(payload)
    assert len(places) == len(set(places)) >= max(1, len(disclosures))
    salts = [cbor2.loads(disclosure)[0] for disclosure in disclosures]
    assert all(len(salt) == 16 for salt in salts) and len(set(salts)) == len(salts)
    if "photo" in proof.name or "flex" in proof.name:
        assert disclosures
    else:
        assert not disclosures


def test_flipped_byte_is_refused(proof):
    """So that the tests above can fail. Every byte of the short proofs, every seventh of those with a photo."""
    original = proof.bytes
    for at in range(0, len(original), 1 if len(original) < 600 else 7):
        altered = original[:at] + bytes([original[at] ^ 0x40]) + original[at + 1 :]
        with pytest.raises(Exception):
            sdcwt.verify(altered, proof.issuer_key)


def test_other_issuer_key_is_refused(proof):
    _, token = sdcwt.verify(proof.bytes, proof.issuer_key)
    with pytest.raises(sdcwt.Refused):
        sdcwt.verify(proof.bytes, b"\x04" + b"".join(sdcwt.holder_key(token)))
