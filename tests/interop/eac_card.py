"""A chip that is not ours: PACE by OpenPACE, Basic Access Control and its secure messaging by `cryptography`.

It connects to a reader as vpcd's cards do, and hands out the files that it was made with.
"""

import hashlib
import os
import socket
from dataclasses import dataclass, field

from cryptography.hazmat.decrepit.ciphers.algorithms import TripleDES
from cryptography.hazmat.primitives.ciphers import Cipher, modes

from eac import CAN, MRZ, Refused, Side, Variant, objects, pad, tlv, unpad

CARD_ACCESS = 0x011C
APPLICATION = bytes.fromhex("A0000002471001")


@dataclass
class Command:
    head: bytes
    data: bytes
    le: int | None

    @classmethod
    def parse(cls, apdu: bytes) -> "Command":
        head, body = apdu[:4], apdu[4:]
        extended = len(body) > 2 and body[0] == 0
        if extended:
            body = body[1:]
        width = 2 if extended else 1
        whole = 0x10000 if extended else 0x100
        if len(body) <= width:
            return cls(head, b"", (int.from_bytes(body, "big") or whole) if body else None)
        count = int.from_bytes(body[:width], "big")
        data, le = body[width : width + count], body[width + count :]
        if len(data) != count or len(le) not in (0, width):
            raise Refused(0x6700)
        return cls(head, data, (int.from_bytes(le, "big") or whole) if le else None)


def derive(seed: bytes, number: int) -> bytes:
    return hashlib.sha1(seed + number.to_bytes(4, "big")).digest()[:16]


def triple_des(key: bytes, data: bytes, decrypt: bool = False) -> bytes:
    cipher = Cipher(TripleDES(key + key[:8]), modes.CBC(bytes(8)))
    step = cipher.decryptor() if decrypt else cipher.encryptor()
    return step.update(data) + step.finalize()


def retail_mac(key: bytes, data: bytes) -> bytes:
    """ISO/IEC 9797-1 algorithm 3 with padding method 2."""
    padded = pad(data, 8)
    single = triple_des(key[:8] * 2, padded[:-8])[-8:] if len(padded) > 8 else bytes(8)
    return triple_des(key, bytes(a ^ b for a, b in zip(single, padded[-8:], strict=True)))


class BacChannel:
    """Secure messaging with the keys of Basic Access Control."""

    def __init__(self, seed: bytes, counter: bytes):
        self.keys = derive(seed, 1), derive(seed, 2)
        self.block = 8
        self.counter = int.from_bytes(counter, "big")

    def count(self):
        self.counter += 1

    def mac(self, data: bytes) -> bytes:
        return retail_mac(self.keys[1], self.counter.to_bytes(8, "big") + data)

    def encrypt(self, data: bytes) -> bytes:
        return triple_des(self.keys[0], pad(data, 8))

    def decrypt(self, data: bytes) -> bytes:
        return unpad(triple_des(self.keys[0], data, decrypt=True))


@dataclass
class Card:
    """A card, and the manners that it may have."""

    can: str = "123456"
    # Document number, birth and expiry date, each with its check digit.
    information: str = "L898902C<369080619406236"
    variants: tuple[Variant, ...] = (Variant("ECDH", "AES-128", 13),)
    # Files of the master file and, if there is one, of the application.
    master: dict[int, bytes] = field(default_factory=dict)
    application: dict[int, bytes] | None = None
    longest: int = 0x10000
    # What selecting the master file is answered with.
    master_status: int = 0x9000
    hides_card_access: bool = False
    # Leaves the status word out of the checksum after success, as virtualsmartcard's passport does.
    bare_status: bool = False
    # Knows no short file identifiers, and says so without checksum.
    selects_only: bool = False
    # Leaves the field when so many commands have come.
    leaves_at: set[int] = field(default_factory=set)

    def __post_init__(self):
        self.commands = 0
        if self.variants and not self.hides_card_access:
            infos = tlv(0x31, b"".join(variant.info for variant in self.variants))
            self.master = {**self.master, CARD_ACCESS: infos}
        self.reset()

    def reset(self):
        self.channel = self.pace = self.current = self.challenge = None
        self.step = 0
        # Where the system of a phone has selected the application, there is no way back.
        self.inside = self.master_status != 0x9000

    def serve(self, address: tuple[str, int]):
        """Answers over vpcd's wire protocol until the reader goes. A card that leaves the field connects again."""
        while True:
            with socket.create_connection(address) as stream:
                if self.answer_until_gone(stream):
                    return
            self.reset()

    def answer_until_gone(self, stream: socket.socket) -> bool:
        while head := stream.recv(2, socket.MSG_WAITALL):
            message = stream.recv(int.from_bytes(head, "big"), socket.MSG_WAITALL)
            if len(message) > 1:
                self.commands += 1
                if self.commands in self.leaves_at:
                    return False
                answer = self.answer(message)
            elif message == b"\x04":
                answer = bytes.fromhex("3B80800101")
            else:
                self.reset()
                continue
            stream.sendall(len(answer).to_bytes(2, "big") + answer)
        return True

    def answer(self, apdu: bytes) -> bytes:
        try:
            command = Command.parse(apdu)
            if command.head[0] & 0x0C == 0x0C:
                return self.answer_secured(command)
            self.channel = None
            data, status = self.process(command)
        except Refused as refused:
            self.channel = None
            data, status = b"", refused.status
        return data + status.to_bytes(2, "big")

    def answer_secured(self, command: Command) -> bytes:
        channel, data, le, covered = self.channel, b"", None, b""
        if channel is None:
            raise Refused(0x6988)
        channel.count()
        for tag, value in objects(command.data):
            if tag == 0x87:
                data = channel.decrypt(value[1:])
            elif tag == 0x97:
                le = int.from_bytes(value, "big") or (0x10000 if len(value) > 1 else 0x100)
            elif tag == 0x8E:
                # Header and objects are padded each; the channel pads what comes last.
                if channel.mac(pad(command.head, channel.block) + covered if covered else command.head) != value:
                    raise Refused(0x6988)
            covered += tlv(tag, value)
        try:
            content, status = self.process(Command(command.head, data, le), secured=True)
        except Refused as refused:
            if self.selects_only:
                raise
            content, status = b"", refused.status
        channel.count()
        body = tlv(0x87, b"\x01" + channel.encrypt(content)) if content else b""
        if not self.bare_status or status != 0x9000:
            body += tlv(0x99, status.to_bytes(2, "big"))
        return body + tlv(0x8E, channel.mac(body)) + status.to_bytes(2, "big")

    def process(self, command: Command, secured: bool = False) -> tuple[bytes, int]:
        _, ins, p1, p2 = command.head
        match ins, p1, p2:
            case 0xA4, 0x04, 0x0C:
                if self.application is None or command.data != APPLICATION:
                    raise Refused(0x6A82)
                self.inside, self.current = True, None
                return b"", 0x9000
            case 0xA4, 0x00, 0x0C:
                if self.master_status != 0x9000:
                    raise Refused(self.master_status)
                self.inside, self.current = False, None
                return b"", 0x9000
            case 0xA4, 0x02, 0x0C:
                self.current = int.from_bytes(command.data, "big")
                return b"", 0x9000 if self.current in self.files() else 0x6A82
            case 0xB0, _, _:
                return self.read(command, secured)
            case 0x22, 0xC1, 0xA4:
                return self.start_pace(dict(objects(command.data)))
            case 0x86, 0, 0:
                return tlv(0x7C, self.go_on_with_pace(objects(objects(command.data)[0][1]))), 0x9000
            case 0x84, 0, 0 if self.inside:
                self.challenge = os.urandom(8)
                return self.challenge, 0x9000
            case 0x82, 0, 0:
                return self.authenticate_mutually(command.data), 0x9000
        raise Refused(0x6D00)

    def files(self) -> dict[int, bytes]:
        return (self.application or {}) if self.inside else self.master

    def read(self, command: Command, secured: bool) -> tuple[bytes, int]:
        p1, p2 = command.head[2:]
        offset = p1 << 8 | p2
        if p1 & 0x80:
            if self.selects_only:
                raise Refused(0x6A82)
            self.current, offset = 0x0100 | p1 & 0x1F, p2
        content = self.files().get(self.current)
        if content is None:
            raise Refused(0x6A82)
        if not secured and self.current != CARD_ACCESS:
            raise Refused(0x6982)
        if offset >= len(content):
            raise Refused(0x6B00)
        part = content[offset:][: min(command.le or 0, self.longest)]
        return part, 0x9000 if self.bare_status or len(part) == command.le else 0x6282

    def start_pace(self, given: dict[int, bytes]) -> tuple[bytes, int]:
        fits = [
            variant
            for variant in self.variants
            if given.get(0x80) == variant.oid and given.get(0x84, bytes([variant.domain])) == bytes([variant.domain])
        ]
        if not fits:
            raise Refused(0x6A80)
        kind = MRZ if given[0x83] == bytes([MRZ]) else CAN
        self.pace = Side(fits[0], kind, self.information if kind == MRZ else self.can)
        self.step = 1
        return b"", 0x9000

    def go_on_with_pace(self, given: list[tuple[int, bytes]]) -> bytes:
        pace, step = self.pace, self.step
        self.step = step + 1
        match step, given:
            case 1, []:
                return tlv(0x80, pace.make_nonce())
            case 2, [(0x81, theirs)]:
                ours = pace.mapping()
                pace.map(theirs)
                return tlv(0x82, ours)
            case 3, [(0x83, theirs)]:
                ours = pace.public_key()
                pace.agree(theirs)
                return tlv(0x84, ours)
            case 4, [(0x85, token)]:
                pace.check(token)
                ours = pace.token()
                self.channel = pace.channel()
                return tlv(0x86, ours)
        raise Refused(0x6985)

    def authenticate_mutually(self, data: bytes) -> bytes:
        challenge, self.challenge = self.challenge, None
        seed = hashlib.sha1(self.information.encode()).digest()[:16]
        encrypt, mac = derive(seed, 1), derive(seed, 2)
        if challenge is None or len(data) != 40 or retail_mac(mac, data[:32]) != data[32:]:
            raise Refused(0x6300)
        plain = triple_des(encrypt, data[:32], decrypt=True)
        theirs, seen, key = plain[:8], plain[8:16], plain[16:]
        if seen != challenge:
            raise Refused(0x6300)
        own = os.urandom(16)
        answer = triple_des(encrypt, challenge + theirs + own)
        self.channel = BacChannel(bytes(a ^ b for a, b in zip(key, own, strict=True)), challenge[4:] + theirs[4:])
        return answer + retail_mac(mac, answer)
