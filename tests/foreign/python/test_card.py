"""The chip port over a socket, with the sandbox's simulated card at the other end."""

import time

import eid_core as eid
import pytest
from card import WAIT_MS, card_file
from phone import run

SELECT = bytes.fromhex("00a4040c07a0000002471001")
DONE = bytes.fromhex("9000")


def broken(findings):
    assert len(findings) > 3
    return [finding.rule for finding in findings if not finding.passed]


def test_contract_is_kept_by_the_reader_with_the_simulated_card(reader):
    reader.put(card_file())
    assert broken(run(eid.check_chip_link(reader))) == []
    assert reader.exchanges == 4 and reader.sessions == [True]


def test_citizens_own_card_keeps_the_contract(reader, sandbox):
    person = sandbox.new_person()
    card = sandbox.card_of(person, short_le_only=True)
    assert card["holder"]["number"] == person["pid"] and card["quirks"]["short_le_only"]
    reader.put(card)
    assert broken(run(eid.check_chip_link(reader))) == []


def test_card_says_what_it_is_and_answers_on_after_it_left_and_came_back(reader):
    # The card counts what it is sent, not the controls.
    reader.put(card_file(tag_loss_at=[1]))

    async def journey():
        await reader.connect(WAIT_MS)
        assert (await reader.atr())[0] == 0x3B
        assert await reader.transceive(SELECT, WAIT_MS) == DONE
        with pytest.raises(eid.ChipLinkError.TagLost):
            await reader.transceive(SELECT, WAIT_MS)
        await reader.connect(WAIT_MS)
        assert await reader.transceive(SELECT, WAIT_MS) == DONE

    run(journey())


def test_card_that_was_taken_away_is_lost(reader):
    reader.put(card_file())

    async def journey():
        await reader.connect(WAIT_MS)
        assert await reader.transceive(SELECT, WAIT_MS) == DONE
        reader.take()
        with pytest.raises(eid.ChipLinkError.TagLost):
            await reader.transceive(SELECT, WAIT_MS)
        # Nobody comes back: do not wait for anybody.
        with pytest.raises(eid.ChipLinkError.Timeout):
            await reader.connect(200)
        with pytest.raises(eid.ChipLinkError.TagLost):
            await reader.transceive(SELECT, WAIT_MS)

    run(journey())


def test_card_that_is_slow_is_waited_for(reader):
    reader.put(card_file(slow_ms=300))

    async def journey():
        await reader.connect(WAIT_MS)
        started = time.monotonic()
        assert await reader.transceive(SELECT, WAIT_MS) == DONE
        assert time.monotonic() - started > 0.3

    run(journey())
