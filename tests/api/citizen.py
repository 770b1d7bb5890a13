"""A citizen's phone, written from core/docs/platform-protocol.md alone."""

import base64
import hashlib
import json
import secrets
import time

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256

import platform_under_test as platform


def encode(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


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


def now():
    return int(time.time())


def start_activation(person):
    """The id of an activation, and the code that went to the phone."""
    body = {"pid": person["pid"], "phone": person["phone"]}
    started = platform.answer("POST", "/v1/activation", body, headers={"idempotency-key": secrets.token_hex(16)})
    messages = platform.answer("GET", "/sandbox/messages", params={"phone": person["phone"]})
    return started["activation_id"], messages[-1]["code"]


class Citizen:
    """Somebody with an account, and the phone that it is bound to."""

    def __init__(self, person):
        self.person, self.device, self.passcode, self.instructions = person, Key(), Key(), 0
        activation, code = start_activation(person)
        path = f"/v1/activation/{activation}"
        challenge = platform.answer("POST", path + "/code", {"code": code})["device_challenge"]
        claims = {"aud": platform.url, "iat": now(), "nonce": challenge}
        bindings = {
            "binding": self.device.sign("eid-device-binding+jwt", claims),
            "passcode_binding": self.passcode.sign("eid-passcode-binding+jwt", claims),
        }
        self.account = platform.answer("POST", path + "/device", bindings)["account_id"]
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


def people():
    """Those who can have an account."""
    return [person for person in platform.answer("GET", "/sandbox/people") if person["level_two"]]
