"""Every call of the sandbox's OpenAPI description, with generated requests: right ones, wrong ones, and the edges.

schemathesis makes the requests and checks the answers: no server error; status, media type, headers and body as described;
wrong requests refused; other methods refused with 405 and `Allow`. Signatures are beyond it, so that a phone signs most of
the requests whose form is right.
"""

import hashlib
import re
import secrets
from pathlib import Path

import schemathesis
from schemathesis import GenerationMode

import platform_under_test as platform
from citizen import Activation, Citizen, counter_key, encode, people

CONFIG = schemathesis.Config.from_path(Path(__file__).with_name("schemathesis.toml"))

# Bytes, as the other uploads are.
schemathesis.serializer.alias("application/partial-upload", "application/octet-stream")

schema = schemathesis.openapi.from_dict(platform.answer("GET", "/openapi.json"), config=CONFIG)
schema.config.update(base_url=platform.url, tls_verify=platform.session.verify)

CITIZEN, OTHER, THIRD, LOCKED, REGISTERED, *_ = people()

citizen = Citizen(CITIZEN)
other = Citizen(OTHER)
activation = Activation(THIRD)
locked = Citizen(LOCKED)
lock = {"pid": LOCKED["pid"], "lock_code": locked.lock_code}
platform.answer("POST", "/v1/lock", lock)
unlocking = Activation(LOCKED, "unlock")
EVIDENCE = b"\xff\xd8\xff of nothing"
at = f"/v1/evidence/{citizen.offer(EVIDENCE)}"
whole = {"Upload-Offset": "0", "Upload-Complete": "?1", "Content-Type": "application/partial-upload"}
platform.answer("PATCH", at, headers=whole | citizen.headers("PATCH", at), data=EVIDENCE)
COUNTER = {"counter": "rp/999-001", "name": "Quầy Mẫu", "purposes": ["id"], "key": counter_key()}
platform.answer("POST", "/sandbox/counters", COUNTER)

CODES = {int(code) for code in re.findall(r"^\| (\d{4}) \|", Path("core/docs/error-codes.md").read_text(), re.M)}


def token(case):
    case.headers["DPoP"] = citizen.dpop("POST", case.path)
    case.body = citizen.token_request()


def revocation(case):
    # Of a session of its own: that of the other calls goes on.
    case.headers["DPoP"] = other.dpop("POST", case.path)
    case.body = {"token": other.sign_in()["refresh_token"]}


def instruction(case):
    case.body = citizen.instruction("sign_in")


def credential(case):
    case.body = citizen.credential_request()


def consent(case):
    case.body = citizen.consent(secrets.token_hex(8))


def own_face(case):
    case.body = citizen.face


def phone_code(case):
    # The same number again within a minute sends no other message.
    case.body = {"use": "confirm", "contact": "first"}


def withdrawal(case):
    name = secrets.token_hex(8)
    platform.answer("POST", "/v1/consents", citizen.consent(name), headers=citizen.headers("POST", "/v1/consents"))
    case.path_parameters["id"] = name
    case.headers.update(citizen.headers("POST", f"/v1/consents/{name}/withdrawal"))
    case.body = citizen.withdrawal(name)


def data_request(case):
    case.body = {"id": secrets.token_hex(8), "kind": "access", "text": ""}


def feed(case):
    # From the beginning, and whatever is new.
    case.query.pop("after", None)
    case.headers.pop("If-None-Match", None)


def refresh(case):
    case.path_parameters["kind"] = "tax"
    case.headers.update(citizen.headers("POST", "/v1/records/tax/refresh"))


def content():
    """A piece of evidence that nobody has sent."""
    return b"\xff\xd8\xff" + secrets.token_bytes(64)


def evidence(case):
    headers, _ = citizen.piece(content())
    case.headers.update(headers)


def progress(case):
    name = citizen.offer(content())
    case.path_parameters["digest"] = name
    case.headers.update(citizen.headers("HEAD", f"/v1/evidence/{name}"))


def upload(case):
    case.body = content()
    name = citizen.offer(case.body)
    case.path_parameters["digest"] = name
    case.headers.update({"Upload-Offset": "0", "Upload-Complete": "?1"})
    case.headers.update(citizen.headers("PATCH", f"/v1/evidence/{name}"))


def submission(case):
    person = citizen.person
    contract = {"relation": "tenant", "contract_holder": person["name"]}
    case.body = citizen.submission("electricity", contract | {"customer_code": f"PA{secrets.randbelow(10**11):011}"})


def received_evidence(case):
    name = encode(hashlib.sha256(EVIDENCE).digest())
    case.path_parameters["digest"], case.query["pid"] = name, CITIZEN["pid"]


def own_change(case):
    case.body = {"pid": CITIZEN["pid"], "kind": "identity", "id": "identity-1", "form": {"occupation": "Thợ"}}


def natural(case):
    # Any other plan would hold for the tests after this one.
    case.body = {"plan": "natural"}


def counter(case):
    case.body = COUNTER


def registered_counter(case):
    case.path_parameters["name"] = "999-001"


def step(of, body):
    """A step of this activation, with the right body."""

    def prepare_step(case):
        case.path_parameters["id"] = of.id
        case.body = body()

    return prepare_step


def off(case):
    # Any other mode would make the tests after this one fail.
    case.body = {"mode": "off"}


def now(case):
    # Any other time would end what the tests after this one begin with.
    case.body = {"seconds": 0}


RIGHT = {
    "GET /v1/records": feed,
    "POST /v1/records/{kind}/refresh": refresh,
    "POST /v1/evidence": evidence,
    "HEAD /v1/evidence/{digest}": progress,
    "PATCH /v1/evidence/{digest}": upload,
    "POST /v1/submissions": submission,
    "POST /sandbox/authority": natural,
    "POST /sandbox/counters": counter,
    "POST /sandbox/counters/{name}/status": registered_counter,
    "POST /sandbox/records": own_change,
    "GET /sandbox/submissions": lambda case: case.query.update(pid=CITIZEN["pid"]),
    "GET /sandbox/evidence/{digest}": received_evidence,
    "POST /oauth2/token": token,
    "POST /oauth2/revoke": revocation,
    "POST /openid4vci/credential": credential,
    "POST /sandbox/clock": now,
    "POST /sandbox/faults": off,
    "POST /v1/activation": lambda case: case.body.update(pid=THIRD["pid"], phone=THIRD["phone"]),
    "POST /v1/activation/{id}/code": step(activation, lambda: activation.code),
    "POST /v1/activation/{id}/voucher": step(activation, lambda: activation.voucher),
    "POST /v1/activation/{id}/face": step(activation, lambda: activation.face),
    "POST /v1/activation/{id}/device": step(activation, activation.bindings),
    "POST /v1/activation/{id}/unlock": step(unlocking, dict),
    "POST /v1/lock": lambda case: case.body.update(lock),
    "POST /sandbox/offices/voucher": lambda case: case.body.update(pid=OTHER["pid"]),
    "POST /sandbox/register/{pid}": lambda case: case.path_parameters.update(pid=REGISTERED["pid"]),
    "POST /sandbox/accounts/{id}/status": lambda case: case.path_parameters.update(id=other.account),
    "POST /v1/activation/{id}/card": lambda case: case.path_parameters.update(id=activation.id),
    "POST /sandbox/cards": lambda case: case.body.update(pid=THIRD["pid"]),
    "POST /v1/consents": consent,
    "POST /v1/consents/{id}/withdrawal": withdrawal,
    "POST /v1/data-requests": data_request,
    "POST /v1/face": own_face,
    "POST /v1/instructions": instruction,
    "POST /v1/phone-code": phone_code,
    "GET /sandbox/messages": lambda case: case.query.update(phone=THIRD["phone"]),
}
"""What makes a request whose form is right one that means something."""

ALWAYS = {"POST /sandbox/authority", "POST /sandbox/clock", "POST /sandbox/faults"}

NEVER_WELL = {"POST /v1/activation/{id}/card": "only a chip can answer its challenge"}


def is_right(case):
    """True for a request that is as the description says."""
    return case.meta is None or case.meta.generation.mode == GenerationMode.POSITIVE


def prepare(case, turn):
    """Makes requests of the right form mean something, and signs headers before wrong bodies; one in four stays as it is."""
    label = case.operation.label
    if label not in ALWAYS and turn % 4 == 3:
        return
    headers = case.meta.components.get("header") if case.meta else None
    named = {parameter.name for parameter in case.operation.headers}
    signable = headers is None or headers.mode == GenerationMode.POSITIVE
    if signable and "Authorization" in named and "DPoP" in case.headers:
        case.headers.update(citizen.headers(case.method.upper(), case.operation.path))
    if signable and is_right(case) and label in RIGHT:
        RIGHT[label](case)


def described_codes(text):
    """The codes that a description names: `7010, 7013`, and those between in `6006 to 6067`."""
    between = (range(int(first), int(last)) for first, last in re.findall(r"(\d{4}) to (\d{4})", text))
    return {int(code) for code in re.findall(r"\d{4}", text)}.union(*between)


@schemathesis.check
def refusals_are_described(ctx, response, case):
    """A refusal is a problem document of known members, and its code stands in the call's description."""
    if response.status_code < 400 or case.method.upper() == "HEAD":
        return
    problem = response.json()
    assert response.headers["content-type"] == ["application/problem+json"]
    members = {"type", "title", "status", "code", "error", "tries_left", "retry_after", "missing", "findings"}
    assert problem.keys() <= members, problem
    assert problem["status"] == response.status_code and problem["code"] in CODES, problem
    described = case.operation.definition.raw["responses"].get("4XX", {}).get("description", "")
    # What applies to each call is not described at each: other methods, paths and media types, and bodies too large.
    general = response.status_code in {404, 405, 413, 415} and problem["code"] == 7013
    assert general or problem["code"] in described_codes(described), (problem, described)


@schemathesis.check
def nothing_is_cached(ctx, response, case):
    """No answer is kept by anybody on the way."""
    assert response.headers.get("cache-control") == ["no-store"]


@schema.parametrize()
def test_call_keeps_to_its_description(case):
    label = case.operation.label
    prepare(case, platform.answers[label].total())
    response = case.call(session=platform.session)
    platform.answers[label][response.status_code < 400] += 1
    case.validate_response(response)


def test_every_call_succeeded_at_least_once():
    never = {label for label, codes in platform.answers.items() if not codes[True]}
    assert never == set(NEVER_WELL)
