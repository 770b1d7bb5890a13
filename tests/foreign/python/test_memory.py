"""The memory of a phone's process, read from outside through /proc.

What it proves: after locking, and after closing, no page that the process can write holds the passcode, what it is stretched
to, the question to the key hardware and its answer, the vault key or a key derived from it, or the holder's name from his
records; each of them is known to the test, which works the keys out from the files as the storage format says. What it does not prove: anything about registers, swapped pages or memory that was given
back to the system. The child wipes the copies that Python itself makes and that a shell's author could wipe too.
"""

import hmac
import json
import os
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.argon2 import Argon2id
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

# Six digits that stand in no table, certificate or clock.
PASSCODE = b"840391"
SLOTS = ("identity", "records", "party", "health", "outbox", "history", "attachments", "lookup")


class Child:
    def __init__(self, bindings, folder, sandbox):
        here = Path(__file__).parent
        command = [sys.executable, here / "memory_child.py", bindings, folder, sandbox.url, sandbox.ca_der.hex()]
        environment = {**os.environ, "PYTHONDONTWRITEBYTECODE": "1"}
        self.process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment, cwd=here
        )
        assert self.process.stdout.readline() == b"started\n", self.process.stderr.read()

    def do(self, word, text=b""):
        self.process.stdin.write(word.encode() + text + b"\n")
        self.process.stdin.flush()
        answer = self.process.stdout.readline().strip()
        assert answer, self.process.stderr.read().decode()
        return answer

    def find(self, needles):
        """How often each needle stands in writable memory."""
        found = dict.fromkeys(needles, 0)
        maps = Path(f"/proc/{self.process.pid}/maps").read_text().splitlines()
        with open(f"/proc/{self.process.pid}/mem", "rb", 0) as memory:
            for line in maps:
                span, access, *_ = line.split()
                if not access.startswith("rw"):
                    continue
                start, end = (int(address, 16) for address in span.split("-"))
                memory.seek(start)
                content = memory.read(end - start)
                for name, needle in needles.items():
                    found[name] += content.count(needle)
        return found

    def stop(self):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()


def derive(keys, salt, purpose, context=b""):
    info = b"eid-core/v1/" + purpose.encode() + b"\0" + context
    return HKDF(SHA256(), 32, salt, info).derive(b"".join(keys))


def context(*parts):
    return b"".join(len(part).to_bytes(8, "big") + part for part in parts)


def keys_of(folder, passcode, hardware):
    """All secrets of a phone, from its files, its passcode and what its hardware keeps."""
    body = (folder / "envelope").read_bytes()[5:-32]
    memory, passes, lanes = (int.from_bytes(body[at : at + 4], "big") for at in (5, 9, 13))
    salt, binding, head, sealed = body[17:33], body[33:65], body[:65], body[65:]
    stretched = Argon2id(salt=salt, length=32, iterations=passes, lanes=lanes, memory_cost=memory).derive(passcode)
    question = derive([stretched], salt, "vault/hardware-input", binding)
    answer = hmac.digest(hardware, question, "sha256")
    unlock = derive([answer, stretched], salt, "vault/unlock", binding)
    place = sealed[:2] + context(b"vault/envelope", b"\x02", head)
    vault = AESGCM(unlock).decrypt(sealed[2:14], sealed[14:], place)
    with sqlite3.connect(f"file:{folder / 'store'}?mode=ro", uri=True) as store:
        (store_id,) = store.execute("SELECT value FROM meta WHERE name = 'store_id'").fetchone()
    slots = {f"slot {name}": derive([vault], store_id, f"vault/{name}") for name in SLOTS}
    steps = {"stretched": stretched, "question": question, "answer": answer, "unlock": unlock, "vault": vault}
    return {"hardware": hardware, **steps, **slots}


@pytest.fixture
def child(request, sandbox, tmp_path):
    child = Child(request.config.getoption("bindings").resolve(), tmp_path, sandbox)
    yield child
    child.stop()


def test_locked_process_holds_neither_passcode_nor_keys(child, sandbox, tmp_path):
    person = sandbox.new_person()
    digits = {"passcode": PASSCODE, "record": person["name"].encode()}
    assert child.find(digits) == dict.fromkeys(digits, 0), "the digits stand somewhere by chance: choose others"
    child.do("s", json.dumps([person["pid"], person["phone"], sandbox.voucher_for(person), sandbox.face_of(person).hex()]).encode())
    child.do("p", PASSCODE)
    assert child.find(digits)["passcode"] >= 1, "the scan does not see what the process was given"
    child.do("c", sandbox.code_for(person).encode())
    child.do("l")
    child.do("u")
    child.do("w")
    halves = [bytes.fromhex(half) for half in child.do("m").decode().split()]
    hardware, point = (bytes(a ^ b for a, b in zip(*halves[at : at + 2])) for at in (0, 2))
    keys = {**keys_of(tmp_path / "app", PASSCODE, hardware), "point": point[1:33]}
    unlocked = child.find({**digits, **keys})
    assert unlocked["slot identity"] >= 1, "the scan does not see the keys that an open store needs"
    gone = ("passcode", "hardware", "stretched", "question", "point", "answer", "unlock", "vault")
    assert {name: unlocked[name] for name in gone} == dict.fromkeys(gone, 0)

    child.do("l")
    locked = child.find({**digits, **keys})
    child.do("d")
    closed = child.find({**digits, **keys})
    assert locked == dict.fromkeys(locked, 0)
    assert closed == dict.fromkeys(closed, 0)
