"""How often a shell crosses the border for what it does: counted at the library's symbols, whatever the generated code does."""

from collections import Counter

import eid_core as eid
from evidence import photo
from phone import PASSCODE, run

API = ("uniffi_eid_ffi_fn_constructor_", "uniffi_eid_ffi_fn_method_", "uniffi_eid_ffi_fn_func_")
AROUND = ("rustbuffer", "rust_future_poll", "rust_future_complete", "rust_future_free", "fn_clone", "fn_free")
MOST_TO_ACTIVATE = 20
MOST_TO_PRESENT = 5
MOST_TO_UPDATE = 10


class Counted:
    """The library, counting each call of each symbol."""

    def __init__(self, library):
        self.library, self.calls = library, Counter()

    def __getattr__(self, name):
        symbol = getattr(self.library, name)

        def call(*arguments):
            self.calls[name] += 1
            return symbol(*arguments)

        return call

    def take(self):
        """What was called since the last time: functions of ours by name, and what UniFFI calls around them by its kind."""
        ours, around = Counter(), Counter()
        for name, times in self.calls.items():
            if name.startswith(API):
                ours[name.removeprefix("uniffi_eid_ffi_fn_")] += times
            else:
                around[next(kind for kind in AROUND if kind in name)] += times
        self.calls.clear()
        return ours, around


def test_activation_and_showing_cross_the_border_a_few_times_only(phone, reader, sandbox, monkeypatch, capsys):
    phone.app.shutdown()
    phone.chip = reader
    library = Counted(eid._UniffiLib)
    monkeypatch.setattr(eid, "_UniffiLib", library)

    async def journey():
        person = sandbox.new_person()
        app = eid.EidApp(phone.config(), phone.platform())
        activation = await app.start_activation(person["pid"], person["phone"])
        reader.put(sandbox.card_of(person))
        steps = {
            eid.ActivationStep.CODE: lambda: activation.confirm_code(sandbox.code_for(person)),
            eid.ActivationStep.CARD: lambda: activation.read_card(eid.CardDraft()),
            eid.ActivationStep.FACE: lambda: activation.submit_face(sandbox.face_of(person)),
        }
        # A screen asks after each step what is due.
        while (step := activation.state().step) != eid.ActivationStep.PASSCODE:
            await steps[step]()
        unlocked = await activation.complete(PASSCODE)
        assert len(activation.lock_code().groups) == 3
        await unlocked.refill()
        await unlocked.home()
        unlocked.lock()
        activated = library.take()
        unlocked = await app.unlock(PASSCODE)
        shown = await unlocked.present(eid.PresentDraft(purpose=eid.Purpose.ID, photo=True))
        await shown.sign()
        unlocked.lock()
        presented = library.take()
        app.shutdown()
        return activated, presented

    for what, most, counted in zip(
        ("activate", "unlock and present"), (MOST_TO_ACTIVATE, MOST_TO_PRESENT), run(journey())
    ):
        with capsys.disabled():
            check(what, most, counted)


def check(what, most, counted):
    """Prints what was counted: nobody sees how close it is otherwise."""
    ours, around = counted
    print(f"\ncalls to {what}: {ours.total()} of at most {most}: {', '.join(sorted(ours))}")
    print(f"  and around them {around.total()}: {', '.join(f'{n} {name}' for name, n in sorted(around.items()))}")
    assert 0 < ours.total() <= most


def test_change_of_a_record_crosses_the_border_a_few_times_only(ready, monkeypatch, capsys):
    ready.app.shutdown()
    library = Counted(eid._UniffiLib)
    monkeypatch.setattr(eid, "_UniffiLib", library)

    async def journey():
        app = eid.EidApp(ready.config(), ready.platform())
        unlocked = await app.unlock(PASSCODE)
        name = (await unlocked.home()).account.name
        library.take()
        form = {"customer_code": "PA01000012345", "relation": "holder", "contract_holder": name}
        drawn = eid.record_form("electricity", eid.Language.VI)
        assert set(form) <= {field.name for field in drawn.fields}
        update = await unlocked.begin_update("electricity")
        await unlocked.edit_update(update.id, [eid.FieldEdit(path=path, text=text) for path, text in form.items()])
        await unlocked.attach_evidence(update.id, photo())
        step = await unlocked.order_act(eid.ActDraft.SUBMIT_UPDATE(update.id))
        await unlocked.answer_with_passcode(step.id, PASSCODE)
        await unlocked.sign_in(PASSCODE)
        await unlocked.sync_records()
        assert (await unlocked.record_update(update.id)).receipt.dossier
        sent = library.take()
        app.shutdown()
        return sent

    counted = run(journey())
    with capsys.disabled():
        check("change a record, from the empty form to the receipt", MOST_TO_UPDATE, counted)
