"""A phone in a process of its own, for test_memory: does what its parent says on standard input, a word a line, and answers
with a line. It wipes every copy of a secret that it gets to see, so that what is left belongs to the core."""

import asyncio
import ctypes
import gc
import json
import os
import sys

SEALED = []


def wipe(secret):
    """Overwrites a bytes object in place: only a test may do this."""
    ctypes.memset(id(secret) + sys.getsizeof(secret) - len(secret) - 1, 0, len(secret))


def say(word):
    os.write(1, word.encode() + b"\n")


def listen():
    """A line from the parent, without buffers that would keep it."""
    line = bytearray()
    while not line.endswith(b"\n"):
        byte = bytearray(1)
        assert os.readv(0, [byte]), "the parent is gone"
        line += byte
    return line


async def main(bindings, folder, url, ca):
    sys.path.insert(0, bindings)
    import eid_core as eid
    from phone import Phone, SoftwareKey

    class Forgetful(SoftwareKey):
        """Sealing keeps the secret masked, for unsealing and for the parent; neither leaves a copy in clear."""

        async def seal(self, alias, secret):
            mask = os.urandom(len(secret))
            SEALED[:] = [bytearray(a ^ b for a, b in zip(secret, mask)), bytearray(mask)]
            wipe(secret)
            return b"blob"

        async def unseal(self, alias, blob):
            secret = bytes(a ^ b for a, b in zip(*SEALED))
            asyncio.get_running_loop().call_later(0.05, wipe, secret)
            return secret

    eid.uniffi_set_event_loop(asyncio.get_running_loop())
    sandbox = type("Sandbox", (), {"url": url, "ca_der": bytes.fromhex(ca)})()
    phone = Phone(sandbox, folder, key=Forgetful())
    passcode, unlocked, activation = None, None, None

    async def with_passcode(call):
        digits = bytes(passcode)
        done = await call(digits)
        wipe(digits)
        return done

    say("started")
    while True:
        line = await asyncio.to_thread(listen)
        word = bytes(line[:1]).decode()
        if word == "p":
            passcode = line[1:-1]
        elif word == "w":
            passcode[:] = bytes(len(passcode))
        elif word == "s":
            pid, number = json.loads(line[1:])
            activation = await phone.app.start_activation(pid, number)
        elif word == "c":
            await activation.confirm_code(line[1:-1].decode())
            unlocked = await with_passcode(activation.complete)
            await unlocked.refill()
        elif word == "u":
            unlocked = await with_passcode(phone.app.unlock)
            await (await unlocked.present(eid.PresentDraft(purpose=eid.Purpose.ID, photo=True))).sign()
        elif word == "l":
            unlocked.lock()
            await asyncio.sleep(0.2)
        elif word == "d":
            phone.app.shutdown()
        elif word == "m":
            say(" ".join(half.hex() for half in SEALED))
            continue
        elif word == "q":
            return
        line[:] = bytes(len(line))
        gc.collect()
        say("done")


asyncio.run(main(*sys.argv[1:]))
