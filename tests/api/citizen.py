"""A citizen's phone, written from core/docs/platform-protocol.md alone."""

import base64
import hashlib
import json
import secrets
import time
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256

import hpke
import platform_under_test as platform


PORTRAITS = Path("tests/sandbox/portraits")

JPEG = b"\x01"
"""What stands before a picture of this kind when it is encrypted."""


def encode(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def decode(text):
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


class Key:
    """A P-256 key that signs JWTs which carry its public half."""

    def __init__(self):
        self.key = ec.generate_private_key(ec.SECP256R1())
        point = self.key.public_key().public_numbers()
        x, y = (encode(number.to_bytes(32, "big")) for number in (point.x, point.y))
        self.jwk = {"kty": "EC", "crv": "P-256", "x": x, "y": y}

    def sign(self, typ, claims, **header):
        header = {"typ": typ, "alg": "ES256", "jwk": self.jwk} | header
        signed = ".".join(encode(json.dumps(part).encode()) for part in (header, claims))
        r, s = decode_dss_signature(self.key.sign(signed.encode(), ec.ECDSA(SHA256())))
        return signed + "." + encode(r.to_bytes(32, "big") + s.to_bytes(32, "big"))


def counter_key():
    """The public key of a service counter, as it is registered."""
    jwk = Key().jwk
    return encode(b"\x04" + decode(jwk["x"]) + decode(jwk["y"]))


def now():
    return int(time.time())


def face_key():
    """The key that pictures of faces are encrypted to, out of the signed configuration."""
    claims = platform.call("GET", "/v1/configuration").text.split(".")[1]
    jwk = json.loads(decode(claims))["face_key"]
    x, y = (int.from_bytes(decode(jwk[name]), "big") for name in ("x", "y"))
    return ec.EllipticCurvePublicNumbers(x, y, ec.SECP256R1()).public_key()


def sealed_face(person, to):
    """The person's portrait, sealed for the activation or the account of this name."""
    portrait = platform.answer("POST", "/sandbox/cards", {"pid": person["pid"]})["portrait"]
    picture = (PORTRAITS / f"{portrait}.jpg").read_bytes()
    return hpke.seal(face_key(), b"eid-face 1", to.encode(), JPEG + picture)


class Activation:
    """The steps by which somebody proves who he is: the code, the voucher of an office in place of a card, the face.

    Each step may be sent again, and is answered as before.
    """

    def __init__(self, person, purpose="activate"):
        self.person, self.device, self.passcode = person, Key(), Key()
        body = {"pid": person["pid"], "phone": person["phone"], "purpose": purpose}
        headers = {"idempotency-key": secrets.token_hex(16)}
        self.id = platform.answer("POST", "/v1/activation", body, headers=headers)["activation_id"]
        messages = platform.answer("GET", "/sandbox/messages", params={"phone": person["phone"]})
        self.code = {"code": messages[-1]["code"]}
        self.challenge = self.send("code", self.code)["device_challenge"]
        pid = {"pid": person["pid"]}
        self.voucher = {"voucher": platform.answer("POST", "/sandbox/offices/voucher", pid)["voucher"]}
        self.send("voucher", self.voucher)
        self.face = sealed_face(person, self.id)
        self.send("face", headers={"content-type": "application/octet-stream"}, data=self.face)

    def send(self, step, body=None, **more):
        return platform.answer("POST", f"/v1/activation/{self.id}/{step}", body, **more)

    def bindings(self):
        """What binds the phone: body of the last step."""
        claims = {"aud": platform.url, "iat": now(), "nonce": self.challenge}
        return {
            "binding": self.device.sign("eid-device-binding+jwt", claims),
            "passcode_binding": self.passcode.sign("eid-passcode-binding+jwt", claims),
            "recovery_share": encode(b"r" * 32),
        }


class Citizen:
    """Somebody with an account, and the phone that it is bound to."""

    def __init__(self, person):
        activation = Activation(person)
        self.person, self.device, self.passcode = person, activation.device, activation.passcode
        bound = activation.send("device", activation.bindings())
        self.account, self.lock_code, self.instructions = bound["account_id"], bound["lock_code"], 0
        self.face = sealed_face(person, self.account)
        self.token = self.sign_in()["access_token"]

    def dpop(self, method, path, token=None, *, key=None, **claims):
        claims = {"htm": method, "htu": platform.url + path, "iat": now(), "jti": secrets.token_hex(16)} | claims
        if token is not None:
            claims = {"ath": encode(hashlib.sha256(token.encode()).digest())} | claims
        return (key or self.device).sign("dpop+jwt", claims)

    def token_request(self):
        claims = {"iss": self.account, "sub": self.account, "aud": platform.url + "/oauth2/token"}
        claims |= {"iat": now(), "exp": now() + 60, "jti": secrets.token_hex(16)}
        assertion = self.device.sign("JWT", claims)
        return {"grant_type": "urn:ietf:params:oauth:grant-type:jwt-bearer", "assertion": assertion}

    def instruction(self, act, **params):
        """Signed by passcode key and device key: body of `POST /v1/instructions`."""
        self.instructions += 1
        challenge = platform.answer("POST", "/v1/challenge", {})["challenge"]
        claims = {"aud": platform.url, "sub": self.account, "challenge": challenge}
        inner = self.passcode.sign("eid-act+jwt", claims | {"seq": self.instructions, "act": act, "params": params})
        outer = {"aud": platform.url, "iat": now(), "inner": inner}
        return {"instruction": self.device.sign("eid-instruction+jwt", outer)}

    def sign_in(self):
        """Tokens of auth level 2."""
        return platform.answer("POST", "/v1/instructions", self.instruction("sign_in"))["result"]

    def headers(self, method, path):
        """What a call that asks for an access token has to carry."""
        return {"Authorization": f"DPoP {self.token}", "DPoP": self.dpop(method, path, self.token)}

    def credential_request(self):
        nonce = platform.answer("POST", "/openid4vci/nonce")["c_nonce"]
        claims = {"aud": platform.url, "iat": now(), "nonce": nonce}
        proof = Key().sign("openid4vci-proof+jwt", claims)
        return {"credential_configuration_id": "vn.eid.age", "proofs": {"jwt": [proof]}}

    def consent(self, name):
        """That an account number may be compared: body of `POST /v1/consents`."""
        claims = {"aud": platform.url, "sub": self.account, "jti": name, "iat": now(), "exp": now() + 86_400}
        claims |= {"purpose": "bank-account-check", "recipient": {"id": "rp/bank", "name": "Bank"}, "text_version": 1}
        fields = [{"name": "pid", "sensitive": False}, {"name": "bank_account", "sensitive": True}]
        return {"consent": self.device.sign("eid-consent+jwt", claims | {"fields": fields})}

    def withdrawal(self, name):
        """Body of `POST /v1/consents/{id}/withdrawal`."""
        claims = {"aud": platform.url, "sub": self.account, "jti": name, "iat": now()}
        return {"withdrawal": self.device.sign("eid-consent-withdrawal+jwt", claims)}

    def piece(self, content):
        """A piece of evidence: headers of `POST /v1/evidence`, and the name that it has from then on."""
        digest = hashlib.sha256(content).digest()
        headers = {
            "Upload-Length": str(len(content)),
            "Upload-Complete": "?0",
            "Repr-Digest": f"sha-256=:{base64.b64encode(digest).decode()}:",
            "Content-Type": "image/jpeg",
        }
        return headers, encode(digest)

    def offer(self, content):
        headers, name = self.piece(content)
        platform.answer("POST", "/v1/evidence", headers=headers | self.headers("POST", "/v1/evidence"))
        return name

    def submission(self, kind, form):
        """A new record of a kind: body of `POST /v1/submissions`."""
        subject = {"record": {"kind": kind, "id": f"new-{secrets.token_hex(8)}", "base": None}}
        claims = {"aud": platform.url, "sub": self.account, "jti": secrets.token_hex(16), "round": 0, "iat": now()}
        inner = self.passcode.sign("eid-statement+jwt", claims | {"subject": subject, "form": form, "evidence": []})
        outer = {"aud": platform.url, "iat": now(), "inner": inner}
        return {"submission": self.device.sign("eid-submission+jwt", outer)}


def people():
    """Those who can have an account."""
    return [person for person in platform.answer("GET", "/sandbox/people") if person["level_two"]]
