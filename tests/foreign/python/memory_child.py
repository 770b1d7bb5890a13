"""A phone in a process of its own, for test_memory: does what its parent says on standard input, a word a line, and answers
with a line. It wipes every copy of a secret that it gets to see, so that what is left belongs to the core."""

import asyncio
import ctypes
import gc
import hmac
import json
import os
import sys

# The passcode's key and the point of its question, each in two halves.
KEPT = []


def wipe(secret):
    """Overwrites a bytes object in place: only a test may do this."""
    ctypes.memset(id(secret) + sys.getsizeof(secret) - len(secret) - 1, 0, len(secret))


def mask(secret):
    pad = os.urandom(len(secret))
    return bytearray(a ^ b for a, b in zip(secret, pad)), bytearray(pad)


def unmask(halves):
    return bytes(a ^ b for a, b in zip(*halves))


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
        """Keeps secrets, and the point that it was asked about, masked, for itself and for the parent; leaves no copy in clear."""

        async def make_secret(self, alias, access):
            secret = os.urandom(32)
            self.secrets[alias] = mask(secret)
            wipe(secret)

        async def derive(self, alias, input):
            if alias not in self.secrets:
                raise eid.SecureKeyError.Invalidated()
            secret = unmask(self.secrets[alias])
            answer = hmac.digest(secret, input.bytes, "sha256")
            if alias == "vault-a":
                KEPT[:] = [*self.secrets[alias], *mask(input.point)]
            for copy in (secret, input.bytes, input.point):
                wipe(copy)
            asyncio.get_running_loop().call_later(0.05, wipe, answer)
            return answer

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
            pid, number, voucher, face = json.loads(line[1:])
            activation = await phone.app.start_activation(pid, number)
        elif word == "c":
            await activation.confirm_code(line[1:-1].decode())
            await activation.use_voucher(voucher)
            await activation.submit_face(bytes.fromhex(face))
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
            say(" ".join(half.hex() for half in KEPT))
            continue
        elif word == "q":
            return
        line[:] = bytes(len(line))
        gc.collect()
        say("done")


asyncio.run(main(*sys.argv[1:]))
