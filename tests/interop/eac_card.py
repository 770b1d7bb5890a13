"""A chip that is not ours: PACE and secure messaging by OpenPACE (libeac, over OpenSSL), Basic Access Control by `cryptography`.

It connects to a reader as vpcd's cards do, and hands out the files that it was made with.
"""

import ctypes
import hashlib
import os
import socket
from dataclasses import dataclass, field

from cryptography.hazmat.decrepit.ciphers.algorithms import TripleDES
from cryptography.hazmat.primitives.ciphers import Cipher, modes

CARD_ACCESS = 0x011C
APPLICATION = bytes.fromhex("A0000002471001")
PACE_GM = bytes.fromhex("04007F00070202040200")
CIPHERS = {"3DES": 1, "AES-128": 2, "AES-192": 3, "AES-256": 4}
MRZ, CAN = 1, 2


class Buffer(ctypes.Structure):
    """BUF_MEM of OpenSSL."""

    _fields_ = [("length", ctypes.c_size_t), ("data", ctypes.c_void_p), ("max", ctypes.c_size_t), ("flags", ctypes.c_ulong)]


POINTER = ctypes.POINTER(Buffer)


def library():
    eac = ctypes.CDLL("libeac.so.3")
    for name in ("EAC_CTX_new", "PACE_SEC_new"):
        getattr(eac, name).restype = ctypes.c_void_p
    for name in (
        "BUF_MEM_create_init",
        "EAC_authenticate",
        "EAC_decrypt",
        "EAC_encrypt",
        "PACE_STEP1_enc_nonce",
        "PACE_STEP3A_generate_mapping_data",
        "PACE_STEP3B_generate_ephemeral_key",
        "PACE_STEP3D_compute_authentication_token",
    ):
        getattr(eac, name).restype = POINTER
    eac.EAC_init()
    return eac


EAC = library()


class Refused(Exception):
    """A status word."""

    def __init__(self, status: int):
        super().__init__(f"{status:04X}")
        self.status = status


def buffer(data: bytes):
    return EAC.BUF_MEM_create_init(data, ctypes.c_size_t(len(data)))


def taken(pointer, status: int = 0x6300) -> bytes:
    if not pointer:
        raise Refused(status)
    return ctypes.string_at(pointer.contents.data, pointer.contents.length)


def tlv(tag: int, value: bytes) -> bytes:
    length = len(value)
    head = bytes([length]) if length < 0x80 else bytes([0x81, length]) if length < 0x100 else b"\x82" + length.to_bytes(2, "big")
    return tag.to_bytes((tag.bit_length() + 7) // 8 or 1, "big") + head + value


def objects(data: bytes) -> list[tuple[int, bytes]]:
    """Tags of one byte are all that commands have."""
    found = []
    while data:
        tag, length, start = data[0], data[1], 2
        if length & 0x80:
            start = 2 + (length & 0x7F)
            length = int.from_bytes(data[2:start], "big")
        found.append((tag, data[start : start + length]))
        data = data[start + length :]
    return found


def pad(data: bytes, block: int) -> bytes:
    return data + b"\x80" + bytes(-(len(data) + 1) % block)


def unpad(data: bytes) -> bytes:
    return data.rstrip(b"\0")[:-1]


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


class EacChannel:
    """Secure messaging with the keys of PACE, by libeac."""

    def __init__(self, context, cipher: str):
        self.context = ctypes.c_void_p(context)
        self.block = 8 if cipher == "3DES" else 16
        EAC.EAC_CTX_set_encryption_ctx(self.context, 0)

    def count(self):
        EAC.EAC_increment_ssc(self.context)

    def mac(self, data: bytes) -> bytes:
        return taken(EAC.EAC_authenticate(self.context, buffer(pad(data, self.block))))

    def encrypt(self, data: bytes) -> bytes:
        return taken(EAC.EAC_encrypt(self.context, buffer(pad(data, self.block))))

    def decrypt(self, data: bytes) -> bytes:
        return unpad(taken(EAC.EAC_decrypt(self.context, buffer(data)), 0x6988))


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
    """`information`: document number, birth and expiry date, each with its check digit."""

    can: str = "123456"
    information: str = "L898902C<369080619406236"
    """PACE variants: cipher and number of the curve."""
    variants: tuple[tuple[str, int], ...] = (("AES-128", 13),)
    """Files of the master file and, if there is one, of the application."""
    master: dict[int, bytes] = field(default_factory=dict)
    application: dict[int, bytes] | None = None
    longest: int = 0x10000
    """What is answered when the master file is selected."""
    master_status: int = 0x9000
    hide_card_access: bool = False
    log: list[str] = field(default_factory=list)

    def __post_init__(self):
        infos = b"".join(
            tlv(0x30, tlv(6, PACE_GM[:-1] + bytes([CIPHERS[cipher]])) + b"\x02\x01\x02\x02\x01" + bytes([curve]))
            for cipher, curve in self.variants
        )
        self.card_access = tlv(0x31, infos)
        if self.variants and not self.hide_card_access:
            self.master[CARD_ACCESS] = self.card_access
        self.reset()

    def reset(self):
        self.channel = self.context = self.current = self.challenge = None
        self.inside = False
        self.step = 0

    # The reader's side: vpcd's wire protocol.

    def serve(self, address: tuple[str, int]):
        """Answers until the reader goes."""
        with socket.create_connection(address) as stream:
            while head := stream.recv(2, socket.MSG_WAITALL):
                message = stream.recv(int.from_bytes(head, "big"), socket.MSG_WAITALL)
                if len(message) == 1:
                    self.reset()
                    answer = bytes.fromhex("3B80800101") if message == b"\x04" else None
                else:
                    answer = self.answer(message)
                if answer is not None:
                    stream.sendall(len(answer).to_bytes(2, "big") + answer)

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
        self.log.append(f"{apdu[1]:02X} {status:04X}")
        return data + status.to_bytes(2, "big")

    def answer_secured(self, command: Command) -> bytes:
        if self.channel is None:
            raise Refused(0x6988)
        channel, data, le = self.channel, b"", None
        channel.count()
        authenticated = b""
        for tag, value in objects(command.data):
            if tag == 0x87:
                data = channel.decrypt(value[1:])
            elif tag == 0x85:
                data = channel.decrypt(value)
            elif tag == 0x97:
                le = int.from_bytes(value, "big") or (0x10000 if len(value) > 1 else 0x100)
            elif tag == 0x8E:
                if channel.mac(pad(command.head, channel.block) + authenticated if authenticated else command.head) != value:
                    raise Refused(0x6988)
            authenticated += tlv(tag, value)
        try:
            content, status = self.process(Command(command.head, data, le), secured=True)
        except Refused as refused:
            content, status = b"", refused.status
        self.log.append(f"{command.head[1]:02X} {status:04X} secured")
        channel.count()
        odd = command.head[1] & 1
        body = b""
        if content:
            body = tlv(0x85, channel.encrypt(content)) if odd else tlv(0x87, b"\x01" + channel.encrypt(content))
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
                if self.master_status == 0x9000:
                    self.inside, self.current = False, None
                return b"", self.master_status
            case 0xA4, 0x02, 0x0C:
                self.current = int.from_bytes(command.data, "big")
                return b"", 0x9000 if self.current in self.files() else 0x6A82
            case 0xB0, _, _:
                return self.read(command, secured)
            case 0x22, 0xC1, 0xA4:
                return self.start_pace(objects(command.data))
            case 0x86, 0, 0:
                return self.go_on_with_pace(objects(objects(command.data)[0][1]))
            case 0x84, 0, 0 if self.inside:
                self.challenge = os.urandom(8)
                return self.challenge, 0x9000
            case 0x82, 0, 0:
                return self.authenticate_mutually(command.data)
        raise Refused(0x6D00)

    def files(self) -> dict[int, bytes]:
        return (self.application or {}) if self.inside else self.master

    def read(self, command: Command, secured: bool) -> tuple[bytes, int]:
        p1, p2 = command.head[2:]
        if p1 & 0x80:
            self.current, offset = 0x0100 | p1 & 0x1F, p2
        else:
            offset = p1 << 8 | p2
        content = self.files().get(self.current)
        if content is None:
            raise Refused(0x6A82)
        if not secured and self.current != CARD_ACCESS:
            raise Refused(0x6982)
        if offset >= len(content):
            raise Refused(0x6B00)
        wanted = min(command.le or 0, self.longest)
        part = content[offset : offset + wanted]
        return part, 0x9000 if len(part) == command.le else 0x6282

    def start_pace(self, given) -> tuple[bytes, int]:
        given = dict(given)
        chosen = [
            (cipher, curve)
            for cipher, curve in self.variants
            if given.get(0x80) == PACE_GM[:-1] + bytes([CIPHERS[cipher]]) and given.get(0x84, bytes([curve])) == bytes([curve])
        ]
        if not chosen:
            raise Refused(0x6A80)
        self.cipher, curve = chosen[0]
        secret, kind = (self.information, MRZ) if given[0x83] == bytes([MRZ]) else (self.can, CAN)
        if kind == MRZ:
            # libeac takes the lines of a card; the password is what TR-03110 makes of the three fields.
            number, birth, expiry = secret[:10], secret[10:17], secret[17:24]
            secret = f"IDD<<{number}{'<' * 15}{birth}<{expiry}".ljust(90, "<")
        own = tlv(0x31, tlv(0x30, tlv(6, PACE_GM[:-1] + bytes([CIPHERS[self.cipher]])) + b"\x02\x01\x02\x02\x01" + bytes([curve])))
        self.context = EAC.EAC_CTX_new()
        context = ctypes.c_void_p(self.context)
        if EAC.EAC_CTX_init_ef_cardaccess(own, ctypes.c_size_t(len(own)), context) != 1:
            raise Refused(0x6A80)
        self.secret = EAC.PACE_SEC_new(secret.encode(), ctypes.c_size_t(len(secret)), kind)
        self.step = 1
        return b"", 0x9000

    def go_on_with_pace(self, given) -> tuple[bytes, int]:
        context, step = ctypes.c_void_p(self.context), self.step
        self.step = 0
        value = dict(given)
        if step == 1:
            answer = tlv(0x80, taken(EAC.PACE_STEP1_enc_nonce(context, ctypes.c_void_p(self.secret))))
        elif step == 2:
            answer = tlv(0x82, taken(EAC.PACE_STEP3A_generate_mapping_data(context)))
            if EAC.PACE_STEP3A_map_generator(context, buffer(value[0x81])) != 1:
                raise Refused(0x6300)
        elif step == 3:
            self.theirs = value[0x83]
            answer = tlv(0x84, taken(EAC.PACE_STEP3B_generate_ephemeral_key(context)))
            if EAC.PACE_STEP3B_compute_shared_secret(context, buffer(self.theirs)) != 1:
                raise Refused(0x6300)
        elif step == 4:
            EAC.PACE_STEP3C_derive_keys(context)
            answer = tlv(0x86, taken(EAC.PACE_STEP3D_compute_authentication_token(context, buffer(self.theirs))))
            if EAC.PACE_STEP3D_verify_authentication_token(context, buffer(value[0x85])) != 1:
                raise Refused(0x6300)
            self.channel = EacChannel(self.context, self.cipher)
            return tlv(0x7C, answer), 0x9000
        else:
            raise Refused(0x6985)
        self.step = step + 1
        return tlv(0x7C, answer), 0x9000

    def authenticate_mutually(self, data: bytes) -> tuple[bytes, int]:
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
        return answer + retail_mac(mac, answer), 0x9000
