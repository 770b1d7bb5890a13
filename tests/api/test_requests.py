"""Requests that no generator would make: signed, and wrong in one place; and what is wrong with a request as such."""

import socket
import ssl
from urllib.parse import urlsplit

import pytest

import platform_under_test as platform
from citizen import Citizen, Key, now, people

DESCRIPTION = platform.answer("GET", "/openapi.json")

PERSON = people()[5]

LIMITS = {"/v1/activation/id/card": 256 << 10, "/v1/submissions": 512 << 10}
"""Largest bodies, in bytes, where they are not 64 KiB."""


def calls(wanted=lambda operation: True):
    """Method and path of each call that the description has, and that is as wanted."""
    return [
        pytest.param(method.upper(), path.replace("{", "").replace("}", ""), id=f"{method.upper()} {path}")
        for path, methods in DESCRIPTION["paths"].items()
        for method, operation in methods.items()
        if wanted(operation)
    ]


def asks_for_token(operation):
    return "Authorization" in {parameter["name"] for parameter in operation.get("parameters", [])}


def takes_json(operation):
    return "application/json" in operation.get("requestBody", {}).get("content", {})


@pytest.fixture(scope="module")
def citizen():
    return Citizen(PERSON)


def connect():
    """A connection of its own."""
    at = urlsplit(platform.url)
    tls = ssl.create_default_context(cafile=platform.session.verify)
    return tls.wrap_socket(socket.create_connection((at.hostname, at.port), 10), server_hostname=at.hostname)


def refusal(response):
    problem = response.json()
    assert response.headers["content-type"] == "application/problem+json"
    return response.status_code, problem["code"], problem.get("error")


def wrong_headers(citizen, method, path):
    """Headers that are right but for one thing, and how the call is refused."""
    token, other = citizen.token, Key()
    scheme = {"Authorization": f"DPoP {token}"}

    def proof(**changes):
        return scheme | {"DPoP": citizen.dpop(method, path, token, **changes)}

    proof_wrong, token_wrong = (401, 7013, "invalid_dpop_proof"), (401, 7012, "invalid_token")
    right, private = citizen.headers(method, path), citizen.device.jwk | {"d": "AA"}
    return [
        ("neither", {}, token_wrong),
        ("no token", {"DPoP": right["DPoP"]}, token_wrong),
        ("no proof", scheme, proof_wrong),
        ("bearer", right | {"Authorization": f"Bearer {token}"}, token_wrong),
        ("another token", right | {"Authorization": "DPoP " + "A" * 43}, token_wrong),
        ("another key", proof(key=other), proof_wrong),
        ("another key's name", scheme | {"DPoP": other.sign("dpop+jwt", {}, jwk=citizen.device.jwk)}, proof_wrong),
        ("another method", proof(htm="PUT"), proof_wrong),
        ("another path", proof(htu=platform.url + "/v1/other"), proof_wrong),
        ("another platform", proof(htu="https://other.example" + path), proof_wrong),
        ("too old", proof(iat=now() - 301), proof_wrong),
        ("too early", proof(iat=now() + 310), proof_wrong),
        ("for another token", proof(ath="A" * 43), proof_wrong),
        ("for no token", scheme | {"DPoP": citizen.dpop(method, path)}, proof_wrong),
        ("without a name of its own", proof(jti=""), proof_wrong),
        ("no signature", scheme | {"DPoP": right["DPoP"].rsplit(".", 1)[0] + "."}, proof_wrong),
        ("algorithm none", scheme | {"DPoP": citizen.device.sign("dpop+jwt", {}, alg="none")}, proof_wrong),
        ("a private key in it", scheme | {"DPoP": citizen.device.sign("dpop+jwt", {}, jwk=private)}, proof_wrong),
        ("another type", scheme | {"DPoP": citizen.device.sign("JWT", {})}, proof_wrong),
    ]


@pytest.mark.parametrize("method, path", calls(asks_for_token))
def test_call_without_a_right_token_and_proof_is_refused(citizen, method, path):
    body = {} if method == "POST" else None
    for name, headers, expected in wrong_headers(citizen, method, path):
        response = platform.call(method, path, body, headers=headers)
        # Some calls look at their body first; none gets further than that.
        if response.status_code != 400:
            # An answer to HEAD has no body that could say why.
            assert (response.status_code == expected[0] if method == "HEAD" else refusal(response) == expected), name
            assert response.headers["www-authenticate"] == 'DPoP algs="ES256"', name


def test_proof_sent_again_is_refused(citizen):
    headers = citizen.headers("GET", "/v1/grant")
    assert platform.call("GET", "/v1/grant", headers=headers).status_code == 200
    assert refusal(platform.call("GET", "/v1/grant", headers=headers)) == (401, 7013, "invalid_dpop_proof")


@pytest.mark.parametrize("method, path", calls(takes_json))
def test_body_that_is_no_json_object_is_refused(method, path):
    deep = ["[" * 60_000, '{"a":' * 9_000]
    for body in ["", "{", "[]", "null", "nulL", "\x00", '{"a":1}}', "{'a': 1}", '"{}"', "1e999", *deep]:
        headers = {"content-type": "application/json", "idempotency-key": "k"}
        status, code, _ = refusal(platform.call(method, path, data=body.encode(), headers=headers))
        assert status in {400, 401} and code in {7012, 7013}, body[:20]
    # Members that a call does not know are not looked at, whatever is in them.
    not_utf8 = platform.call(method, path, data=b'{"a":"\xff"}', headers={"content-type": "application/json"})
    # 404: the body of this call has no members, so that its path is next.
    assert not_utf8.status_code in {200, 400, 401, 404}


@pytest.mark.parametrize("method, path", calls(takes_json))
def test_body_of_another_type_or_too_large_is_refused(method, path):
    for media_type in ["text/plain", "application/xml", "application/x-www-form-urlencoded", "json", ""]:
        response = platform.call(method, path, data=b"{}", headers={"content-type": media_type, "idempotency-key": "k"})
        assert refusal(response)[0] in {400, 401, 415}, media_type
    # Not a byte more than the refusal needs, or the connection may break before the answer is read.
    large = b'{"a":"' + b"x" * (LIMITS.get(path, 64 << 10) - 5)
    headers = {"content-type": "application/json", "idempotency-key": "k"}
    assert refusal(platform.call(method, path, data=large, headers=headers))[:2] == (413, 7013)


@pytest.mark.parametrize("method, path", calls())
def test_other_methods_are_refused_with_the_right_ones(method, path):
    of_path = [of for name, of in DESCRIPTION["paths"].items() if name.replace("{", "").replace("}", "") == path]
    allowed = {name.upper() for name in of_path[0]}
    for other in {"GET", "POST", "PUT", "PATCH", "DELETE"} - allowed:
        response = platform.call(other, path)
        assert refusal(response)[:2] == (405, 7013), other
        assert set(response.headers["allow"].replace(" ", "").split(",")) >= allowed - {"HEAD"}


NO_PATHS = ["/", "/v1", "/v1/nothing", "/v1/grant/", "//v1/grant", "/v1/%67rant/..", "/status/x", "/status/-1"]


@pytest.mark.parametrize("path", NO_PATHS)
def test_path_that_is_none_is_refused(path):
    assert refusal(platform.call("GET", path))[:2] == (404, 7013)


@pytest.mark.parametrize(
    "request_bytes",
    [
        b"GET /v1/grant HTTP/1.1\r\n\r\n",
        b"GET /v1/grant HTTP/9.9\r\nHost: h\r\n\r\n",
        b"\x00\x01\x02\r\n\r\n",
        b"GET " + b"/a" * 40_000 + b" HTTP/1.1\r\nHost: h\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: h\r\n" + b"".join(b"X-%d: y\r\n" % n for n in range(300)) + b"\r\n",
        b"POST /v1/activation HTTP/1.1\r\nHost: h\r\nContent-Length: -1\r\n\r\n",
        b"POST /v1/activation HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        b"POST /v1/activation HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
    ],
    ids=["no host", "version", "no http", "long path", "many headers", "length", "two lengths", "chunk"],
)
def test_request_that_is_no_http_harms_nobody(request_bytes):
    with connect() as connection:
        connection.sendall(request_bytes)
        answer = connection.recv(4096)
    assert not answer or 400 <= int(answer.split()[1]) < 500
    assert platform.call("GET", "/v1/trust-list").status_code == 200


def test_no_call_was_a_fault_of_the_sandbox():
    statuses = [int(line.split()[2]) for line in platform.log.read_text().splitlines()]
    assert statuses and all(status < 500 for status in statuses)
