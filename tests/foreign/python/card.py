"""A reader of contactless cards in software: cards come to a TCP port, and speak the wire protocol of vpcd."""

import asyncio
import json
import socket
import subprocess
from pathlib import Path

import eid_core as eid

CARDS = Path(__file__).parents[3] / "tests" / "sandbox" / "cards"

# Controls: messages of one byte. A card answers only the last.
POWER_OFF, POWER_ON, RESET, ATR = b"\0", b"\1", b"\2", b"\4"

# Milliseconds for a card to come, and for an answer of it.
WAIT_MS = 10_000


def card_file(**quirks):
    """The description of an invented citizen's card, with bad manners."""
    card = json.loads((CARDS / "nguyen-van-a.json").read_text())
    return {**card, "quirks": quirks}


class SocketCard(eid.ChipLink):
    """The port that the core reads cards through; `put` lays a card on it. What was sent is counted."""

    def __init__(self, programs, folder):
        self.programs, self.folder = Path(programs), Path(folder)
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.listener.setblocking(False)
        self.address = "{}:{}".format(*self.listener.getsockname())
        self.wire = self.process = None
        self.open, self.exchanges, self.sessions = False, 0, []

    def put(self, card):
        """Lays a card on the reader, in place of the one that is there. A card that leaves by itself comes back."""
        self.take()
        described = self.folder / "card.json"
        described.write_text(json.dumps(card))
        command = [self.programs / "eid-sandbox", "chip", "--connect", self.address, "--card", described]
        self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def take(self):
        """Takes the card away."""
        if self.process:
            self.process.kill()
            self.process.wait(10)
            self.process = None

    def close(self):
        self.take()
        self._let_go()
        self.listener.close()

    async def atr(self):
        """What the card says of itself when it is asked for its answer to reset."""
        return await self.transceive(ATR, WAIT_MS)

    async def connect(self, wait_ms):
        """A card that is there is reset, as one whose field was switched off."""
        self.open = True
        try:
            async with asyncio.timeout(wait_ms / 1000):
                if self.wire:
                    await self._send(RESET)
                else:
                    self.wire, _ = await asyncio.get_running_loop().sock_accept(self.listener)
                    self.wire.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                    await self._send(POWER_ON)
        except OSError as error:
            raise self._lost(error) from None
        return eid.ChipLimits(max_command=65_535, max_response=65_535)

    async def transceive(self, command, timeout_ms):
        if self.wire is None:
            raise eid.ChipLinkError.TagLost()
        self.exchanges += 1
        try:
            async with asyncio.timeout(timeout_ms / 1000):
                await self._send(command)
                return await self._receive(int.from_bytes(await self._receive(2), "big"))
        except OSError as error:
            raise self._lost(error) from None

    async def end_session(self, success):
        if self.open:
            self.open = False
            self.sessions.append(success)
            self._let_go()

    def _lost(self, error):
        # Also after a time-out: an answer that comes now would be taken for the next one's.
        self._let_go()
        return eid.ChipLinkError.Timeout() if isinstance(error, TimeoutError) else eid.ChipLinkError.TagLost()

    async def _send(self, message):
        await asyncio.get_running_loop().sock_sendall(self.wire, len(message).to_bytes(2, "big") + message)

    async def _receive(self, size):
        data = b""
        while len(data) < size:
            more = await asyncio.get_running_loop().sock_recv(self.wire, size - len(data))
            if not more:
                raise ConnectionResetError
            data += more
        return data

    def _let_go(self):
        if self.wire:
            self.wire.close()
            self.wire = None
