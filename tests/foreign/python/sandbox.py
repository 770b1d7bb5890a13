"""A live sandbox platform over TLS, and what a test has it do."""

import base64
import json
import ssl
import subprocess
import urllib.request
from contextlib import contextmanager
from itertools import cycle
from pathlib import Path
from urllib.parse import quote

PORTRAITS = Path(__file__).parents[3] / "tests" / "sandbox" / "portraits"


class Sandbox:
    """A sandbox platform, and what a test has it do."""

    def __init__(self, url, ca):
        self.url, self.ca = url, ca
        self.ca_der = ssl.PEM_cert_to_DER_cert(ca.read_text())
        self.tls = ssl.create_default_context(cafile=ca)
        people = json.loads(self.fetch("/sandbox/people"))
        first, *others = (person for person in people if person["level_two"])
        # Only one phone is active for a person: the one that tests copy has somebody of its own.
        self.reserved, self.people = first, cycle(others)
        self.without_level_two = next(person for person in people if not person["level_two"])

    def fetch(self, path, body=None):
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.url + path, data, {"content-type": "application/json"})
        with urllib.request.urlopen(request, context=self.tls, timeout=10) as answer:
            return answer.read()

    def person(self, pid):
        """An invented person by number."""
        return next(person for person in json.loads(self.fetch("/sandbox/people")) if person["pid"] == pid)

    def new_person(self):
        return next(self.people)

    def code_for(self, person):
        return self.messages_to(person)[-1]["code"]

    def card_of(self, person, **quirks):
        """The description of a citizen's identity card, with bad manners."""
        return json.loads(self.fetch("/sandbox/cards", {"pid": person["pid"], "quirks": quirks}))

    def face_of(self, person):
        """A picture of the citizen, as the phone's camera takes it."""
        return (PORTRAITS / f"{self.card_of(person)['portrait']}.jpg").read_bytes()

    def voucher_for(self, person):
        """What an office prints after it looked at the citizen."""
        return json.loads(self.fetch("/sandbox/offices/voucher", {"pid": person["pid"]}))["voucher"]

    def fault(self, mode, paths=None):
        """Misbehaves so from now on, in all calls or in those whose paths begin so."""
        self.fetch("/sandbox/faults", {"mode": mode, "paths": paths})

    def messages_to(self, person):
        """The text messages that a person got, the newest last."""
        return json.loads(self.fetch("/sandbox/messages?phone=" + quote(person["phone"])))

    def register(self, person, **change):
        """Changes what the register says of a person."""
        self.fetch(f"/sandbox/register/{person['pid']}", change)

    def authority(self, plan, **conduct):
        """What all authorities do from now on, and how long they take."""
        self.fetch("/sandbox/authority", {"plan": plan, **conduct})

    def change_record(self, pid, kind, **change):
        """An authority changes its records of a person by itself; gives their names."""
        return json.loads(self.fetch("/sandbox/records", {"pid": pid, "kind": kind, **change}))["ids"]

    def submissions(self, person):
        """The changes of records that a person sent."""
        return json.loads(self.fetch(f"/sandbox/submissions?pid={person['pid']}"))

    def evidence(self, pid, sha256):
        """What arrived of a person's evidence."""
        name = base64.urlsafe_b64encode(sha256).rstrip(b"=").decode()
        return self.fetch(f"/sandbox/evidence/{name}?pid={pid}")

    def pass_time(self, seconds):
        """Puts the platform's clock ahead."""
        self.fetch("/sandbox/clock", {"seconds": seconds})

    def configure(self, **settings):
        """Changes what the signed configuration says."""
        self.fetch("/sandbox/configuration", settings)


@contextmanager
def serving(programs, folder):
    """`eid-sandbox serve` in a process of its own."""
    ca = folder / "ca.pem"
    command = [programs / "eid-sandbox", "serve", "--listen", "127.0.0.1:0", "--ca", ca]
    with (folder / "sandbox.log").open("wb") as log:
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=log, text=True)
    try:
        url = process.stdout.readline().strip()
        process.stdout.readline()
        yield Sandbox(url, ca)
    finally:
        process.terminate()
        process.wait(10)
