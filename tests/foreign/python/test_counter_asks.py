"""A registered counter asks, the app answers: from the counter's program through the platform to the app and back."""

import base64
import json
import socket
import subprocess
import urllib.request
from contextlib import contextmanager

import base45
import cbor2
import eid_core as eid
import pytest
from conftest import refused
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.serialization import load_der_private_key
from phone import PASSCODE, MovableClock, run

NAME = "Quầy 3 – Bệnh viện Mẫu"

# Labels and numbers of the proof format.
ASKED, AGE_VCT, ID_VCT = -65603, 65041, 65042


class Counter:
    """The counter's program with a registered identity."""

    def __init__(self, programs, sandbox, folder, counter="rp/0101234567-001", purposes=("id", "age"), host=None):
        self.program, self.counter, self.identity = programs / "eid-counter", counter, folder / "identity"
        self.trust, self.status = folder / "trust.cbor", folder / "status.cbor"
        self.trust.write_bytes(sandbox.fetch("/v1/trust-list"))
        self.status.write_bytes(sandbox.fetch("/v1/status-lists"))
        wishes = ["--counter", counter, "--name", NAME, *(word for name in purposes for word in ("--purpose", name))]
        self.host = host
        wishes += ["--host", host] if host else []
        application = json.loads(self.run("register", "apply", *self.home(), *wishes))
        (folder / "answer.json").write_bytes(sandbox.fetch("/sandbox/counters", application))
        self.run("register", "accept", *self.home(), "--trust", self.trust, folder / "answer.json")

    def home(self):
        return "--identity", self.identity

    def run(self, *arguments):
        done = subprocess.run([self.program, *arguments], capture_output=True, timeout=60, check=True)
        return done.stdout

    def ask(self, purpose="id", *more):
        return json.loads(self.run("request", *self.home(), "--purpose", purpose, "--reason", "Nhận thuốc", *more))

    def ask_beyond(self):
        """A question for identity of a counter that may ask for age alone, which its own program does not make."""
        text = self.ask("age")["text"]
        protected, _, payload, _ = cbor2.loads(base45.b45decode(text.removeprefix("VN1R:"))).value
        asked = cbor2.loads(payload)
        (vct, photo), asked[ASKED] = asked[ASKED], [ID_VCT, False]
        assert (vct, photo) == (AGE_VCT, False)
        payload = cbor2.dumps(asked)
        key = load_der_private_key(base64.b64decode(json.loads((self.identity / "identity.json").read_text())["key"]), None)
        der = key.sign(cbor2.dumps(["Signature1", protected, b"", payload]), ec.ECDSA(hashes.SHA256()))
        signature = b"".join(number.to_bytes(32, "big") for number in decode_dss_signature(der))
        message = cbor2.CBORTag(18, [protected, {}, payload, signature])
        return "VN1R:" + base45.b45encode(cbor2.dumps(message)).decode()

    def poster(self):
        """The text of its printed code: its registration."""
        kept = json.loads((self.identity / "identity.json").read_text())
        return "VN1R:" + base45.b45encode(base64.b64decode(kept["registration"])).decode()

    @contextmanager
    def page(self):
        """What the counter's page calls, while it takes answers at its host: gives a function of path and body."""
        places = ["--listen", "127.0.0.1:0", "--answers", self.host, "--replay", self.identity.parent / "used"]
        command = [self.program, "serve", *places, *self.home(), "--trust", self.trust, "--status", self.status]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        try:
            url = process.stdout.readline().strip()
            process.stdout.readline()

            def post(path, **body):
                head = {"content-type": "application/json"}
                request = urllib.request.Request(url + path, json.dumps(body).encode(), head)
                with urllib.request.urlopen(request, timeout=10) as answer:
                    return json.loads(answer.read())

            yield post
        finally:
            process.kill()
            process.wait(10)
            process.stdout.close()

    def code(self, text, *more):
        lists = ["--trust", self.trust, "--status", self.status, "--counter", self.counter]
        done = subprocess.run([self.program, "verify", *lists, *more, text], capture_output=True, timeout=60)
        return json.loads(done.stdout)["code"]


@pytest.fixture
def asking(programs, sandbox, tmp_path):
    return Counter(programs, sandbox, tmp_path)


def test_citizen_sees_who_asks_and_the_answer_passes_there_alone(ready, asking):
    async def journey():
        unlocked = await ready.app.unlock(PASSCODE)
        request = asking.ask("id", "--photo")
        ask = await unlocked.read_counter_code(request["text"])
        view = ask.view()
        assert (view.name, view.counter, view.reason) == (NAME, asking.counter, "Nhận thuốc")
        assert (view.purposes, view.photo, view.claims) == ([eid.Purpose.ID], True, [])
        assert view.registrar == "r.example" and view.expires_at > 0
        assert "Nhận" not in str(view)
        assert await unlocked.missing_for_answer() == []
        proof = await (await unlocked.answer_counter(ask, eid.AnswerDraft(purpose=eid.Purpose.ID, photo=True))).sign()
        page = await unlocked.history(None, 1)
        assert page.items[0].counterpart == f"{NAME} ({asking.counter})"
        return request, proof

    request, proof = run(journey())
    assert asking.code(proof.text) == "Q08"
    assert asking.code(proof.text, "--nonce", "00" * 16) == "Q08"
    assert asking.code(proof.text, "--nonce", request["nonce"]) == "Q00"


def test_more_than_was_asked_and_codes_of_others_are_refused(ready, asking):
    async def journey():
        unlocked = await ready.app.unlock(PASSCODE)
        ask = await unlocked.read_counter_code(asking.ask("age")["text"])
        for draft in (
            eid.AnswerDraft(purpose=eid.Purpose.AGE, photo=True),
            eid.AnswerDraft(purpose=eid.Purpose.ID),
        ):
            with refused(5117):
                await unlocked.answer_counter(ask, draft)
        with refused(5106):
            await unlocked.answer_counter(ask, eid.AnswerDraft(purpose=eid.Purpose.FLEX, claims=["shoe_size"]))
        text = asking.ask("age")["text"]
        for bad, code in (("VN1R:ABC", 5110), ("", 5110), ("7" * 100_000, 5110), (text[:-9] + "000000000", 5114)):
            with refused(code):
                await unlocked.read_counter_code(bad)

    run(journey())


def test_counter_that_asks_for_what_it_may_not_is_refused(ready, programs, sandbox, tmp_path):
    rogue = Counter(programs, sandbox, tmp_path, "rp/0101234567-009", purposes=["age"])

    async def journey():
        unlocked = await ready.app.unlock(PASSCODE)
        with refused(5116):
            await unlocked.read_counter_code(rogue.ask_beyond())
        noted = (await unlocked.history(None, 1)).items[0]
        assert (noted.code, noted.counterpart) == (5116, f"{NAME} ({rogue.counter})")
        assert (await unlocked.read_counter_code(rogue.ask("age")["text"])).view().purposes == [eid.Purpose.AGE]

    run(journey())


def test_printed_code_names_the_counter_and_the_proof_is_for_it_alone(ready, asking, programs, sandbox, tmp_path):
    async def journey():
        unlocked = await ready.app.unlock(PASSCODE)
        ask = await unlocked.read_counter_code(asking.poster())
        view = ask.view()
        assert (view.name, set(view.purposes)) == (NAME, {eid.Purpose.AGE, eid.Purpose.ID})
        assert (view.photo, view.reason) == (False, None)
        with refused(5117):
            await unlocked.answer_counter(ask, eid.AnswerDraft(purpose=eid.Purpose.RESIDENCE))
        return await (await unlocked.answer_counter(ask, eid.AnswerDraft(purpose=eid.Purpose.AGE))).sign()

    proof = run(journey())
    other = Counter(programs, sandbox, tmp_path, "rp/0101234567-002")
    assert (asking.code(proof.text), other.code(proof.text)) == ("Q00", "Q07")


def test_counter_withdrawn_is_refused_after_the_next_contact(ready, asking, sandbox):
    async def journey():
        unlocked = await ready.app.unlock(PASSCODE)
        text = asking.ask("age")["text"]
        sandbox.fetch("/sandbox/counters/0101234567-001/status", {"status": "suspended"})
        await unlocked.refill()
        with refused(5113):
            await unlocked.read_counter_code(text)
        sandbox.fetch("/sandbox/counters/0101234567-001/status", {"status": "valid"})
        await unlocked.refill()
        assert (await unlocked.read_counter_code(text)).view().checked_as_of is not None

    run(journey())


def test_paper_is_signed_and_its_holder_is_not_proven(ready, counter):
    async def journey():
        unlocked = await ready.app.unlock(PASSCODE)
        with refused(5104):
            await unlocked.print_paper(eid.Purpose.FLEX, False)
        return await unlocked.print_paper(eid.Purpose.ID, False)

    paper = run(journey())
    verdict = counter(paper.text)
    assert (verdict["code"], verdict["verdict"], verdict["holder_proven"]) == ("W19", "cannot_tell", False)
    assert "".join(verdict["claims"]["full_name"].split()) and paper.qr.side > 50 and paper.text not in str(paper)


def test_answer_sent_over_the_network_is_taken_once_and_one_that_cannot_be_sent_is_shown(
    ready, programs, sandbox, tmp_path
):
    with socket.create_server(("127.0.0.1", 0)) as free:
        host = f"127.0.0.1:{free.getsockname()[1]}"
    online = Counter(programs, sandbox, tmp_path, "rp/0101234567-004", host=host)
    question = {"purpose": "id", "photo": True, "reason": "Nhận thuốc"}
    draft = eid.AnswerDraft(purpose=eid.Purpose.ID, photo=True)

    async def journey():
        unlocked = await ready.app.unlock(PASSCODE)
        with online.page() as post:
            asked = post("requests", **question)
            ask = await unlocked.read_counter_code(asked["text"])
            assert ask.view().answer_host == host
            shown = await unlocked.answer_counter(ask, draft)
            cancelled = eid.CancelToken()
            cancelled.cancel()
            with refused(2023):
                await shown.send(cancelled)
            assert post(f"requests/{asked['request']}/collect") == {}
            for _ in range(2):
                await shown.send()
            collected = [post(f"requests/{asked['request']}/collect") for _ in range(2)]
            assert (collected[0]["report"]["code"], collected[1]) == ("Q00", {})
            noted = (await unlocked.history(None, 1)).items[0]
            assert (noted.act, noted.counterpart) == (eid.Act.SENT, f"{NAME} ({online.counter})")
            unsent = await unlocked.answer_counter(await unlocked.read_counter_code(post("requests", **question)["text"]), draft)
        with refused(5118):
            await unsent.send()
        assert (await unlocked.history(None, 1)).items[0].code == 5118
        assert online.code((await unsent.sign()).text) == "Q08", "it answers a question of the page, and of no other"
        poster = await unlocked.answer_counter(await unlocked.read_counter_code(online.poster()), eid.AnswerDraft(purpose=eid.Purpose.AGE))
        with refused(5118):
            await poster.send()
        assert online.code((await poster.sign()).text) == "Q00"

    run(journey())


def test_passcode_is_asked_for_again_after_a_while(activated, asking, tmp_path):
    clock = MovableClock()
    phone = activated.copy(tmp_path / "later")
    phone.clock = clock
    phone.restart()

    async def journey():
        unlocked = await phone.app.unlock(PASSCODE)
        ask = await unlocked.read_counter_code(asking.ask("age")["text"])
        # Used now and then, so that it does not lock by itself.
        for _ in range(4):
            clock.ahead_s += 240
            assert (await unlocked.home()).account.level == 2
        assert await unlocked.missing_for_answer() == [eid.FactorKind.KNOWN]
        fresh = await unlocked.read_counter_code(asking.ask("age", "--at", str(clock.now().unix_seconds))["text"])
        with refused(2056):
            await unlocked.answer_counter(fresh, eid.AnswerDraft(purpose=eid.Purpose.AGE))
        with refused(5115):
            await unlocked.answer_counter(ask, eid.AnswerDraft(purpose=eid.Purpose.AGE))
        await unlocked.confirm_passcode(PASSCODE)
        await (await unlocked.answer_counter(fresh, eid.AnswerDraft(purpose=eid.Purpose.AGE))).sign()

    run(journey())
    phone.app.shutdown()
