"""A second reading of an identity proof: COSE by pycose, CBOR by cbor2, disclosures by hashlib. It shares no code with
the core and is no verifier: it checks signatures and hashes, not times, audiences or status."""

import hashlib

import cbor2
from pycose.keys import EC2Key
from pycose.messages import Sign1Message

KCWT, SD_CLAIMS, CNF, IDENTITY_DATA = 13, 17, 8, 169
REDACTED_KEYS, REDACTED_ELEMENT = cbor2.CBORSimpleValue(59), 60


class Refused(Exception):
    """A signature or a disclosure is wrong."""


def sign1(message: bytes, x: bytes, y: bytes) -> Sign1Message:
    """A COSE_Sign1 whose signature pycose found right."""
    parsed = Sign1Message.decode(message)
    parsed.key = EC2Key("P_256", x=x, y=y)
    if not parsed.verify_signature():
        raise Refused("signature")
    return parsed


def issuer_token(proof: bytes) -> bytes:
    """The issuer's token inside a proof, without checking anything."""
    return cbor2.dumps(Sign1Message.decode(proof).phdr[KCWT])


def holder_key(token_payload: dict) -> tuple[bytes, bytes]:
    key = token_payload[CNF][1]
    return key[-2], key[-3]


def verify(proof: bytes, issuer_key: bytes) -> tuple[dict, dict]:
    """The payload of the holder's token, and of the issuer's with what was disclosed put back."""
    token = sign1(issuer_token(proof), issuer_key[1:33], issuer_key[33:])
    payload = cbor2.loads(token.payload)
    shown = cbor2.loads(sign1(proof, *holder_key(payload)).payload)
    payload[IDENTITY_DATA] = restore(payload[IDENTITY_DATA], token.uhdr.get(SD_CLAIMS, []))
    return shown, payload


def hashes(data) -> list[bytes]:
    """All hashes that stand for hidden claims or elements."""
    if isinstance(data, dict):
        own = list(data.get(REDACTED_KEYS, []))
        return own + [found for key, value in data.items() if key != REDACTED_KEYS for found in hashes(value)]
    if isinstance(data, list):
        return [found for element in data for found in hashes(element)]
    if isinstance(data, cbor2.CBORTag) and data.tag == REDACTED_ELEMENT:
        return [data.value]
    return []


def restore(data: dict, disclosures: list[bytes]) -> dict:
    """The identity data with the disclosures in their places; what stays hidden is left out."""
    by_hash = {hashlib.sha256(disclosure).digest(): cbor2.loads(disclosure) for disclosure in disclosures}
    places = hashes(data)
    if len(by_hash) != len(disclosures) or any(places.count(digest) != 1 for digest in by_hash):
        raise Refused("disclosure")

    def rebuild(value):
        if isinstance(value, dict):
            claims = {key: rebuild(inner) for key, inner in value.items() if key != REDACTED_KEYS}
            for digest in value.get(REDACTED_KEYS, []):
                if digest in by_hash:
                    _salt, inner, key = by_hash[digest]
                    if key in claims:
                        raise Refused("claim twice")
                    claims[key] = rebuild(inner)
            return claims
        if isinstance(value, list):
            elements = []
            for element in value:
                if not isinstance(element, cbor2.CBORTag):
                    elements.append(rebuild(element))
                elif element.value in by_hash:
                    _salt, inner = by_hash[element.value]
                    elements.append(inner)
            return elements
        return value

    return {key: value for key, value in rebuild(data).items() if value != []}


def as_json(value):
    """CBOR values as the artefacts' JSON files spell them: keys as text, bytes as hexadecimal."""
    if isinstance(value, dict):
        return {str(key): as_json(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [as_json(inner) for inner in value]
    return value.hex() if isinstance(value, bytes) else value
