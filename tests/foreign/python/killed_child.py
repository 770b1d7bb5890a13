"""A phone in a process of its own, for test_killed: does one thing, and dies at the given use of its key hardware as an app
does that the system kills, with no time for a last word."""

import os
import pickle
import signal
import sys
from pathlib import Path

from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, load_der_private_key


def keys_in(folder):
    """The key hardware that a phone has in this folder: unlike the app, it outlives a kill."""
    from phone import SoftwareKey

    class KeptKey(SoftwareKey):
        """Kept in a file before any call answers. `left` counts the moments until the app is killed: one before and one after
        whatever the hardware does."""

        left = 0

        def moment(self):
            self.left -= 1
            if self.left == 0:
                os.kill(os.getpid(), signal.SIGKILL)

        async def kept(self, call):
            self.moment()
            answer = await call
            form = (Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
            signing = {alias: key.private_bytes(*form) for alias, key in self.signing.items()}
            whole = folder / "keys.new"
            whole.write_bytes(pickle.dumps((signing, self.secrets, self.biometric)))
            whole.rename(folder / "keys")
            self.moment()
            return answer

        async def generate(self, alias, access):
            return await self.kept(super().generate(alias, access))

        async def sign(self, alias, data):
            return await self.kept(super().sign(alias, data))

        async def make_secret(self, alias, access):
            return await self.kept(super().make_secret(alias, access))

        async def derive(self, alias, input):
            return await self.kept(super().derive(alias, input))

        async def remove(self, alias):
            return await self.kept(super().remove(alias))

    key, kept = KeptKey(), folder / "keys"
    if kept.exists():
        signing, key.secrets, key.biometric = pickle.loads(kept.read_bytes())
        key.signing = {alias: load_der_private_key(der, None) for alias, der in signing.items()}
    return key


async def activate(phone, pid, number, voucher):
    """What an app does each time that it is started, until it is activated: whatever is due."""
    import eid_core as eid
    from phone import PASSCODE

    activation = await phone.app.resume_activation()
    activation = activation or await phone.app.start_activation(pid, number)
    person = {"pid": pid, "phone": number}
    while state := activation.state():
        match state.step:
            case eid.ActivationStep.START:
                await activation.send_code()
            case eid.ActivationStep.CODE:
                await activation.confirm_code(phone.sandbox.code_for(person))
            case eid.ActivationStep.CARD:
                await activation.use_voucher(voucher)
            case eid.ActivationStep.FACE:
                await activation.submit_face(phone.sandbox.face_of(person))
            case eid.ActivationStep.PASSCODE:
                await activation.complete(PASSCODE)


async def recover(phone, moment, pid, number, voucher, new):
    """Replaces a forgotten passcode; killed in its last step, of which each use of the keys counts."""
    recovery = await phone.app.start_recovery(pid, number)
    person = {"pid": pid, "phone": number}
    await recovery.confirm_code(phone.sandbox.code_for(person))
    await recovery.use_voucher(voucher)
    await recovery.submit_face(phone.sandbox.face_of(person))
    phone.key.left = moment
    await recovery.complete(new.encode())


async def change_passcode(unlocked, old, new):
    await unlocked.change_passcode(old.encode(), new.encode())


async def submit(unlocked, passcode, update):
    """Confirms a change of a record and sends it."""
    import eid_core as eid

    step = await unlocked.order_act(eid.ActDraft.SUBMIT_UPDATE(update))
    await unlocked.answer_with_passcode(step.id, passcode.encode())
    await unlocked.sign_in(passcode.encode())
    await unlocked.sync_records()


async def unlink(unlocked, passcode):
    await unlocked.unlink(passcode.encode())


def main(bindings, folder, url, ca, ahead, left, what, *given):
    sys.path.insert(0, bindings)
    from sandbox import Sandbox
    from phone import MovableClock, Phone, run

    sandbox, folder = Sandbox(url, Path(ca)), Path(folder)
    phone = Phone(sandbox, folder, key=keys_in(folder), clock=MovableClock())
    phone.clock.ahead_s = int(ahead)

    async def act():
        if what == "activate":
            phone.key.left = int(left)
            return await activate(phone, *given)
        if what == "recover":
            return await recover(phone, int(left), *given)
        unlocked = await phone.app.unlock(given[0].encode())
        phone.key.left = int(left)
        await {"change_passcode": change_passcode, "submit": submit, "unlink": unlink}[what](unlocked, *given)

    run(act())
    phone.app.shutdown()


if __name__ == "__main__":
    main(*sys.argv[1:])
