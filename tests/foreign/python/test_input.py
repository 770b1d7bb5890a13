"""Input that no shell should give: each call answers with a typed error, and the app is as good as before."""

import asyncio

import eid_core as eid
import pytest
from phone import PASSCODE, run

HUGE = 8 << 20
REFUSED = (eid.EidError.Invalid, eid.EidError.AuthFailed)


@pytest.mark.parametrize(
    "change",
    [
        {"folder": ""},
        {"app_id": ""},
        {"app_id": "x" * HUGE},
        {"platform_url": ""},
        {"platform_url": "http://localhost"},
        {"platform_url": "not an address"},
        {"platform_url": "https://" + "a" * HUGE},
        {"ca_der": []},
        {"ca_der": [b""]},
        {"ca_der": [b"not a certificate"]},
        {"ca_der": [bytes(HUGE)]},
        {"ca_der": [b"\x30\x00"] * 100_000},
        {"trust_roots": []},
        {"trust_roots": [b""]},
        {"trust_roots": [bytes(65)]},
        {"trust_roots": [b"\x04" + bytes(63)]},
        {"trust_roots": [b"\x04" + bytes(64)] * 9},
        {"batch": 0},
        {"batch": 21},
        {"batch": 2**32 - 1},
    ],
    ids=lambda change: "-".join(change),
)
def test_configuration_that_cannot_be_used_is_refused(phone, change):
    with pytest.raises(eid.EidError.Internal) as error:
        eid.EidApp(phone.config(**change), phone.platform())
    assert error.value.code == 1003


@pytest.mark.parametrize(
    ("pid", "number"),
    [
        ("", ""),
        ("00019900012", "0900000001"),
        ("0001990001234", "0900000001"),
        ("00019900012x", "0900000001"),
        ("０００１９９０００１２３", "0900000001"),
        ("000199000123\0", "0900000001"),
        ("000199000123", ""),
        ("000199000123", "0900000001\0"),
        ("000199000123", "1" * HUGE),
        ("1" * HUGE, "0900000001"),
        ("\U0010ffff" * 12, "0900000001"),
    ],
    ids=range(11),
)
def test_malformed_number_starts_no_activation(phone, pid, number):
    async def journey():
        with pytest.raises(eid.EidError.Invalid):
            await phone.app.start_activation(pid, number)

    run(journey())


PASSCODES = [b"", b"27182", b"2718281", b"27182a", b"\0" * 6, "２７１８２８".encode(), b"2" * HUGE]


@pytest.mark.parametrize("passcode", PASSCODES, ids=len)
def test_malformed_passcode_is_refused_and_counts_as_no_try(ready, passcode):
    async def journey():
        for _ in range(5):
            with pytest.raises(eid.EidError.Invalid) as error:
                await ready.app.unlock(passcode)
            assert error.value.code == 2003
        assert await ready.app.unlock(PASSCODE)

    run(journey())


def test_malformed_and_weak_passcodes_set_nothing_and_the_activation_goes_on(phone, sandbox):
    async def journey():
        person = sandbox.new_person()
        activation = await phone.app.start_activation(person["pid"], person["phone"])
        with pytest.raises(eid.EidError.Conflict) as error:
            await activation.complete(PASSCODE)
        assert error.value.code == 7018
        for code in ("", "12345", "1234567", "12345x", "9" * HUGE):
            with pytest.raises(eid.EidError.AuthFailed):
                await activation.confirm_code(code)
        right = sandbox.code_for(person)
        wrong = f"{(int(right) + 1) % 1_000_000:06}"
        with pytest.raises(eid.EidError.AuthFailed) as error:
            await activation.confirm_code(wrong)
        assert (error.value.code, error.value.tries_left) == (2010, 4)
        await activation.confirm_code(right)
        await phone.prove(activation, person)
        for passcode, code in [*((bad, 2003) for bad in PASSCODES), (b"111111", 2004), (b"123456", 2004)]:
            with pytest.raises(eid.EidError.Invalid) as error:
                await activation.complete(passcode)
            assert error.value.code == code
        assert not await phone.app.is_activated()
        assert await activation.complete(PASSCODE)

    run(journey())


def test_calls_in_the_wrong_state_are_refused(phone, sandbox, ready):
    async def journey():
        assert not await phone.app.is_activated()
        with pytest.raises(eid.EidError.NotFound) as error:
            await phone.app.unlock(PASSCODE)
        assert error.value.code == 1001
        person = sandbox.new_person()
        with pytest.raises(eid.EidError.Conflict) as error:
            await ready.app.start_activation(person["pid"], person["phone"])
        assert error.value.code == 1002
        # Both steps of one activation at once, in the wrong order.
        activation = await phone.app.start_activation(person["pid"], person["phone"])
        steps = activation.complete(PASSCODE), activation.confirm_code(sandbox.code_for(person))
        first, second = await asyncio.gather(*steps, return_exceptions=True)
        assert second is None and (isinstance(first, eid.Unlocked) or first.code == 7018)

    run(journey())


DRAFTS = [
    ({"purpose": eid.Purpose.ID, "counter": ""}, eid.EidError.Invalid),
    ({"purpose": eid.Purpose.ID, "counter": "shop"}, eid.EidError.Invalid),
    ({"purpose": eid.Purpose.ID, "counter": "rp/" + "x" * HUGE}, eid.EidError.Invalid),
    ({"purpose": eid.Purpose.ID, "challenge": b""}, eid.EidError.Invalid),
    ({"purpose": eid.Purpose.ID, "challenge": bytes(7)}, eid.EidError.Invalid),
    ({"purpose": eid.Purpose.ID, "challenge": bytes(33)}, eid.EidError.Invalid),
    ({"purpose": eid.Purpose.ID, "challenge": bytes(HUGE)}, eid.EidError.Invalid),
    ({"purpose": eid.Purpose.FLEX, "claims": ["no_such_claim"]}, eid.EidError.Invalid),
    ({"purpose": eid.Purpose.FLEX, "claims": ["full_name"] * 33}, eid.EidError.Invalid),
    ({"purpose": eid.Purpose.FLEX, "claims": ["full_name"] * 500_000}, eid.EidError.Invalid),
    ({"purpose": eid.Purpose.FLEX, "claims": ["x" * HUGE]}, eid.EidError.Invalid),
]


@pytest.mark.parametrize(("draft", "kind"), DRAFTS, ids=range(len(DRAFTS)))
def test_draft_that_cannot_be_shown_uses_nothing(ready, draft, kind):
    async def journey():
        unlocked = await ready.app.unlock(PASSCODE)
        before = await unlocked.home()
        with pytest.raises(kind):
            await unlocked.present(eid.PresentDraft(**draft))
        assert await unlocked.home() == before
        assert all(entry.act != eid.Act.PRESENTED for entry in (await unlocked.history(None, 50)).items)

    run(journey())


@pytest.mark.parametrize("before", [None, 0, 1, 2**63, 2**64 - 1])
@pytest.mark.parametrize("limit", [0, 1, 51, 2**32 - 1])
def test_history_of_any_bounds_answers(ready, before, limit):
    async def journey():
        page = await (await ready.app.unlock(PASSCODE)).history(before, limit)
        assert len(page.items) <= max(1, min(limit, 50))

    run(journey())


def test_arguments_of_another_type_are_refused_by_the_generated_code(ready):
    async def journey():
        for call in (
            lambda: ready.app.unlock("271828"),
            lambda: ready.app.unlock(None),
            lambda: ready.app.start_activation(7, None),
            lambda: ready.app.start_activation("\ud800", "0900000001"),
            lambda: eid.EidApp(None, None),
            lambda: eid.error_text(-1, eid.Language.EN),
            lambda: eid.error_text(2**32, eid.Language.EN),
        ):
            with pytest.raises((TypeError, ValueError, AttributeError)):
                await call()
        assert await ready.app.unlock(PASSCODE)

    run(journey())


def test_folder_that_cannot_be_written_or_is_damaged_is_a_storage_error(activated, tmp_path):
    phone = activated.copy(tmp_path)

    async def journey():
        envelope = tmp_path / "app" / "envelope"
        whole = envelope.read_bytes()
        for damaged in (b"", whole[:-1], whole[:40] + b"\xff" + whole[41:], bytes(HUGE)):
            envelope.write_bytes(damaged)
            with pytest.raises(eid.EidError.Storage):
                await phone.app.unlock(PASSCODE)
        envelope.write_bytes(whole)
        assert await phone.app.unlock(PASSCODE)

    run(journey())
    phone.app.shutdown()
