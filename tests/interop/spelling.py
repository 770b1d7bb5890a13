"""The two spellings of a proof in a QR symbol, decoded by twenty lines that share nothing with the core."""

import binascii

ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:"


def decode(text: str) -> bytes:
    if text.upper().startswith("VN1:"):
        return from_base45(text.upper()[4:])
    if text.startswith("7041"):
        return from_digits(text[4:])
    raise ValueError("neither spelling")


def from_base45(text: str) -> bytes:
    out = bytearray()
    for start in range(0, len(text), 3):
        digits = [ALPHABET.index(char) for char in text[start : start + 3]]
        if len(digits) == 1:
            raise ValueError("length")
        out += sum(digit * 45**place for place, digit in enumerate(digits)).to_bytes(len(digits) - 1, "big")
    return bytes(out)


def from_digits(text: str) -> bytes:
    body, check = text[:-5], int(text[-5:])
    out = bytearray()
    for start in range(0, len(body), 17):
        block = body[start : start + 17]
        out += int(block).to_bytes({3: 1, 5: 2, 8: 3, 10: 4, 13: 5, 15: 6, 17: 7}[len(block)], "big")
    if binascii.crc32(out) % 100_000 != check:
        raise ValueError("check digits")
    return bytes(out)
