"""Every call of the counter's OpenAPI description, with generated requests: right ones, wrong ones, and the edges.

schemathesis makes the requests and checks the answers: no server error; status, media type, headers and body as described; right
requests taken, wrong ones refused; other methods refused with 405 and `Allow`.
"""

from collections import Counter
from pathlib import Path

import pytest
import requests
import schemathesis

from conftest import measured
from desk import Desk

CONFIG = schemathesis.Config.from_path(Path(__file__).with_name("schemathesis.toml"))

schema = schemathesis.openapi.from_path("counter/openapi.json", config=CONFIG)

answers = Counter()
verdicts = Counter()


@pytest.fixture(scope="module")
def office(request, stage, tmp_path_factory):
    programs = request.config.getoption("--programs").resolve()
    with Desk.program(programs, stage, tmp_path_factory.mktemp("office") / "used") as url:
        yield url.rstrip("/")


@pytest.fixture(scope="module")
def session():
    session = requests.Session()
    # No proxy of this machine's environment.
    session.trust_env = False
    # The program closes a connection whose request it did not read to the end, which the next request may find out.
    once_more = requests.adapters.Retry(total=2, connect=0, read=2, status=0, redirect=0, allowed_methods=None)
    session.mount("http://", requests.adapters.HTTPAdapter(max_retries=once_more))
    return session


@schema.parametrize()
def test_call_of_the_counter_keeps_to_its_description(case, office, session):
    response = case.call(base_url=office, session=session)
    answers[case.operation.label, response.status_code] += 1
    assert response.status_code < 500
    case.validate_response(response)
    if case.operation.label == "POST /verify" and response.status_code == 200:
        verdicts.update(report["code"] for report in response.json()["reports"])


def test_every_proof_gets_its_report_as_described(office, session, proofs):
    for name, spellings in proofs.items():
        for scanned in ({"text": spellings["base45"]}, {"picture": [spellings["digits"]]}):
            case = schema["/verify"]["POST"].Case(body={"proofs": [scanned]}, media_type="application/json")
            response = case.call(base_url=office, session=session)
            case.validate_response(response)
            verdicts.update(report["code"] for report in response.json()["reports"])
    assert verdicts.keys() >= {"Q00", "Q04", "Q05", "Q06", "Q07", "Q09", "Q10", "Q12", "Q14", "Q15", "W16", "Q18"}
    taken = sum(count for (_, status), count in answers.items() if status == 200)
    measured.append(f"{sum(answers.values())} generated requests to the counter, {taken} of them answered with success")
    assert {label for label, status in answers if status == 200} >= {"POST /verify", "GET /station", "GET /metrics"}
