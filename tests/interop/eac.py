"""OpenPACE's library (libeac, over OpenSSL): PACE of both sides, and secure messaging with its keys."""

import ctypes
from dataclasses import dataclass

# PACE with generic mapping: id-PACE-DH-GM and id-PACE-ECDH-GM, before the number of the cipher.
MAPPINGS = {"DH": bytes.fromhex("04007F000702020401"), "ECDH": bytes.fromhex("04007F000702020402")}
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


@dataclass(frozen=True)
class Variant:
    """A way of PACE: key agreement, cipher, and number among the standardised domain parameters."""

    agreement: str
    cipher: str
    domain: int

    @property
    def oid(self) -> bytes:
        return MAPPINGS[self.agreement] + bytes([CIPHERS[self.cipher]])

    @property
    def info(self) -> bytes:
        return tlv(0x30, tlv(6, self.oid) + b"\x02\x01\x02\x02\x01" + bytes([self.domain]))


class Side:
    """One side of PACE. Each step gives what goes to the other side."""

    def __init__(self, variant: Variant, kind: int, password: str):
        self.block = 8 if variant.cipher == "3DES" else 16
        self.context = ctypes.c_void_p(EAC.EAC_CTX_new())
        card_access = tlv(0x31, variant.info)
        if EAC.EAC_CTX_init_ef_cardaccess(card_access, ctypes.c_size_t(len(card_access)), self.context) != 1:
            raise Refused(0x6A80)
        if kind == MRZ:
            # It takes the lines of a card, and cuts the three fields out of them.
            number, birth, expiry = password[:10], password[10:17], password[17:24]
            password = f"IDD<<{number}{'<' * 15}{birth}<{expiry}".ljust(90, "<")
        self.secret = ctypes.c_void_p(EAC.PACE_SEC_new(password.encode(), ctypes.c_size_t(len(password)), kind))

    def make_nonce(self) -> bytes:
        return taken(EAC.PACE_STEP1_enc_nonce(self.context, self.secret))

    def open_nonce(self, nonce: bytes):
        self.succeed(EAC.PACE_STEP2_dec_nonce(self.context, self.secret, buffer(nonce)))

    def mapping(self) -> bytes:
        return taken(EAC.PACE_STEP3A_generate_mapping_data(self.context))

    def map(self, theirs: bytes):
        self.succeed(EAC.PACE_STEP3A_map_generator(self.context, buffer(theirs)))

    def public_key(self) -> bytes:
        return taken(EAC.PACE_STEP3B_generate_ephemeral_key(self.context))

    def agree(self, theirs: bytes):
        self.theirs = theirs
        self.succeed(EAC.PACE_STEP3B_compute_shared_secret(self.context, buffer(theirs)))
        self.succeed(EAC.PACE_STEP3C_derive_keys(self.context))

    def token(self) -> bytes:
        return taken(EAC.PACE_STEP3D_compute_authentication_token(self.context, buffer(self.theirs)))

    def check(self, token: bytes):
        self.succeed(EAC.PACE_STEP3D_verify_authentication_token(self.context, buffer(token)))

    def channel(self) -> "Channel":
        return Channel(self.context, self.block)

    @staticmethod
    def succeed(outcome: int):
        if outcome != 1:
            raise Refused(0x6300)


class Channel:
    """Secure messaging with the keys of PACE."""

    def __init__(self, context, block: int):
        self.context, self.block = context, block
        EAC.EAC_CTX_set_encryption_ctx(context, 0)

    def count(self):
        EAC.EAC_increment_ssc(self.context)

    def mac(self, data: bytes) -> bytes:
        return taken(EAC.EAC_authenticate(self.context, buffer(pad(data, self.block))))

    def encrypt(self, data: bytes) -> bytes:
        return taken(EAC.EAC_encrypt(self.context, buffer(pad(data, self.block))))

    def decrypt(self, data: bytes) -> bytes:
        return unpad(taken(EAC.EAC_decrypt(self.context, buffer(data)), 0x6988))
