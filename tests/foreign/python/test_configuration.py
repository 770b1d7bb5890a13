"""The signed configuration as a shell sees it: whether this version of the app is served, and when the platform rests."""

import time

import eid_core as eid
import pytest
from conftest import refused
from phone import PASSCODE, Phone, run
from sandbox import serving

OLDEST = "0.0.0"


@pytest.fixture
def phone(programs, tmp_path):
    """An app of version 1.2.3, with a platform of its own."""
    with serving(programs, tmp_path) as sandbox:
        phone = Phone(sandbox, tmp_path)
        phone.restart(app_version="1.2.3")
        yield phone
        phone.app.shutdown()


def test_version_that_is_not_served_is_told_so_and_what_works_offline_goes_on(phone):
    cases = [
        ((OLDEST, OLDEST, OLDEST), [], eid.UpdateState.FINE, None),
        (("1.0.0", "1.2.3", "1.2.4"), ["1.2.2"], eid.UpdateState.RECOMMENDED, None),
        (("1.2.3", "1.3.0", "2.0.0"), [], eid.UpdateState.URGENT, None),
        (("1.2.4", "1.2.4", "1.2.4"), [], eid.UpdateState.REQUIRED, 7030),
        ((OLDEST, OLDEST, OLDEST), ["1.2.3"], eid.UpdateState.BLOCKED, 7031),
    ]

    async def journey():
        unlocked = await phone.ready(phone.sandbox.new_person())
        for (required, urgent, recommended), blocked, state, code in cases:
            update = {"required_below": required, "urgent_below": urgent, "recommended_below": recommended}
            phone.sandbox.configure(update={**update, "blocked": blocked})
            assert (await phone.app.renew_configuration()).update == state
            if code is None:
                await unlocked.refill()
            else:
                with refused(code):
                    await unlocked.refill()
                assert await (await unlocked.present(eid.PresentDraft(purpose=eid.Purpose.AGE))).sign()
        phone.sandbox.configure()
        await unlocked.refill()
        assert (await phone.app.app_status()).update == eid.UpdateState.FINE, "the app finds out by itself"

    run(journey())


def test_maintenance_says_how_long_and_leaves_proofs(phone):
    async def journey():
        unlocked = await phone.ready(phone.sandbox.new_person())
        now = int(time.time())
        phone.sandbox.configure(maintenance={"from": now - 10, "to": now + 600})
        status = await phone.app.renew_configuration()
        assert (status.maintenance_from, status.maintenance_to) == (now - 10, now + 600)
        with pytest.raises(eid.EidError.Network) as error:
            await unlocked.refill()
        assert error.value.code == 7032 and 500 < error.value.retry_after_s <= 600
        assert await (await unlocked.present(eid.PresentDraft(purpose=eid.Purpose.AGE))).sign()

    run(journey())


def test_older_configuration_is_refused_also_after_a_restart(phone):
    async def journey():
        unlocked = await phone.ready(phone.sandbox.new_person())
        phone.sandbox.configure(version=9)
        assert (await phone.app.renew_configuration()).configuration_version == 9
        phone.sandbox.configure(version=8)
        with refused(2060):
            await phone.app.renew_configuration()
        await unlocked.refill()
        phone.restart()
        assert (await phone.app.app_status()).configuration_version is None, "none is read while the app is locked"
        await phone.app.unlock(PASSCODE)
        with refused(2060):
            await phone.app.renew_configuration()
        status = await phone.app.app_status()
        assert (status.configuration_version, status.refused) == (9, 2060)
        phone.sandbox.configure(version=10)
        assert (await phone.app.renew_configuration()).configuration_version == 10

    run(journey())


def test_configuration_that_was_built_in_counts_before_any_was_fetched(phone):
    async def journey():
        phone.sandbox.configure(version=5, update={"required_below": "2.0.0"})
        built_in = phone.sandbox.fetch("/v1/configuration")
        phone.restart(app_version="1.2.3", configuration=built_in)
        status = await phone.app.app_status()
        assert (status.update, status.configuration_version) == (eid.UpdateState.REQUIRED, 5)
        with refused(7030):
            await phone.app.start_activation("000190000001", "0900000001")
        for broken in (b"", b"a.b.c", built_in.replace(b".", b"-"), bytes(1 << 20)):
            with refused(1003):
                phone.restart(configuration=broken)

    run(journey())
