"""The spine from Python: activate, unlock, fetch, show, verify at a counter, lock."""

import asyncio
import json

import eid_core as eid
import pytest
from phone import PASSCODE, Phone, SoftwareKey, run


def test_citizen_activates_shows_a_proof_and_the_counter_takes_it(phone, reader, counter, sandbox):
    async def journey():
        phone.chip = reader
        config, platform = phone.config(), phone.platform()
        person = sandbox.new_person()
        picture = sandbox.face_of(person)
        reader.put(sandbox.card_of(person))
        pid, number = person["pid"], person["phone"]

        def ask_for_code():
            return sandbox.code_for(person)

        # README begin
        app = eid.EidApp(config, platform)
        activation = await app.start_activation(pid, number)
        await activation.confirm_code(ask_for_code())
        await activation.read_card(eid.CardDraft())  # held against the reader
        await activation.submit_face(picture)
        unlocked = await activation.complete(b"271828")
        await unlocked.refill()
        shown = await unlocked.present(eid.PresentDraft(purpose=eid.Purpose.ID, photo=True))
        proof = await shown.sign()
        print(proof.expires_at, proof.qr.side)
        unlocked.lock()
        app.shutdown()
        # README end
        return person, proof

    person, proof = run(journey())
    verdict = counter(proof.text)
    assert verdict["code"] == "Q00"
    assert person["pid"] in json.dumps(verdict)


def test_unlocked_app_shows_account_readiness_history_and_code(ready, counter):
    async def journey():
        assert await ready.app.is_activated()
        unlocked = await ready.app.unlock(PASSCODE)
        home = await unlocked.home()
        assert home.account.level == 2 and len(home.account.pid) == 12
        assert home.account.pid_masked != home.account.pid and home.account.pid_masked[-2:] == home.account.pid[-2:]
        age = next(r for r in home.readiness if r.purpose == eid.Purpose.AGE)
        assert age.unused == 3
        draft = eid.PresentDraft(purpose=eid.Purpose.AGE)
        proof = await (await unlocked.present(draft)).sign()
        page = await unlocked.history(None, 50)
        assert [entry.act for entry in page.items] == [eid.Act.PRESENTED, eid.Act.UPDATED, eid.Act.ACTIVATED]
        assert page.items[0].fields == ["age_over_18"] and page.items[0].position == 3 and page.damaged == 0
        first = await unlocked.history(None, 1)
        rest = await unlocked.history(first.next, 50)
        assert first.items + rest.items == page.items
        return proof

    proof = run(journey())
    assert counter(proof.text)["code"] == "Q00"
    side = proof.qr.side
    assert side == 17 + 4 * proof.qr.version and len(proof.qr.modules) == (side * side + 7) // 8
    dark = [bool(proof.qr.modules[at // 8] & 128 >> at % 8) for at in range(side * side)]
    finder = [all(dark[y * side + x] for x in range(7)) for y in (0, 6)]
    assert finder == [True, True] and not any(dark[7 * side + x] for x in range(8))


def test_events_name_what_changed(ready):
    async def journey():
        unlocked = await ready.app.unlock(PASSCODE)
        await unlocked.present(eid.PresentDraft(purpose=eid.Purpose.AGE))
        unlocked.lock()
        for _ in range(100):
            if len(set(ready.events.seen)) == 3:
                break
            await asyncio.sleep(0.02)

    run(journey())
    assert set(ready.events.seen) == {eid.Event.CREDENTIALS_CHANGED, eid.Event.HISTORY_CHANGED, eid.Event.LOCKED}


def test_wrong_passcodes_are_counted_and_then_cost_time(ready):
    async def journey():
        errors = []
        for _ in range(5):
            with pytest.raises(eid.EidError.AuthFailed) as error:
                await ready.app.unlock(b"314159")
            errors.append((error.value.code, error.value.wrong_tries, error.value.wait_s > 0))
        return errors

    assert run(journey()) == [(2001, 1, False), (2001, 2, False), (2001, 3, True), (2002, 0, True), (2002, 0, True)]


def test_platform_in_trouble_is_a_network_error_and_offline_showing_goes_on(ready, sandbox):
    async def journey():
        unlocked = await ready.app.unlock(PASSCODE)
        sandbox.fault("nonsense")
        try:
            with pytest.raises(eid.EidError.Network) as error:
                await unlocked.refill()
            await (await unlocked.present(eid.PresentDraft(purpose=eid.Purpose.ID))).sign()
        finally:
            sandbox.fault("off")
        return error.value

    error = run(journey())
    assert error.retry_after_s is None and "later" in eid.error_text(error.code, eid.Language.EN)


def test_library_says_what_it_is_and_its_codes_have_words():
    info = eid.build_info()
    assert info.ffi_version == 1 and info.code_table > 100 and info.version.count(".") == 2
    assert eid.error_text(2001, eid.Language.VI) and eid.error_text(2001, eid.Language.EN)
    assert eid.error_text(9999, eid.Language.EN) is None and eid.error_text(2**32 - 1, eid.Language.VI) is None


def test_ten_thousand_calls_at_once_all_answer(ready):
    async def journey():
        unlocked = await ready.app.unlock(PASSCODE)
        calls = [ready.app.is_activated() for _ in range(5_000)] + [unlocked.home() for _ in range(5_000)]
        answers = await asyncio.gather(*calls)
        return answers

    answers = run(journey())
    assert answers[:5_000] == [True] * 5_000 and all(a == answers[-1] for a in answers[5_000:])


def test_contract_is_kept_by_the_ports_of_these_tests(phone):
    async def check():
        return (
            await eid.check_secure_key(phone.key)
            + await eid.check_clock(phone.clock)
            + await eid.check_event_sink(phone.events)
        )

    findings = run(check())
    assert len(findings) > 20
    assert [finding.rule for finding in findings if not finding.passed] == []


def test_copied_files_open_nothing_on_another_phone(activated, tmp_path):
    other = activated.copy(tmp_path, key=SoftwareKey())

    async def journey():
        with pytest.raises(eid.EidError.Device) as error:
            await other.app.unlock(PASSCODE)
        return error.value.code

    assert run(journey()) == 2021
    other.app.shutdown()


def test_two_apps_in_one_process_do_not_disturb_each_other(activated, tmp_path):
    phones = [activated.copy(tmp_path / name) for name in ("a", "b")]

    async def journey():
        first, second = await asyncio.gather(*(phone.app.unlock(PASSCODE) for phone in phones))
        phones[0].app.shutdown()
        with pytest.raises(eid.EidError.Locked):
            await first.home()
        assert (await second.home()).account.level == 2
        phones[1].app.shutdown()

    run(journey())
    assert isinstance(phones[0], Phone)
