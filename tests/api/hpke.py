"""Encryption to a public key: RFC 9180, base mode, DHKEM(P-256, HKDF-SHA256), HKDF-SHA256, AES-256-GCM.

Written from the RFC: pyca's `Suite.encrypt` has no associated data.
"""

import hmac

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

KEM_SUITE = b"KEM\x00\x10"
SUITE = b"HPKE\x00\x10\x00\x01\x00\x02"


def extract(suite, salt, label, key):
    return hmac.digest(salt or bytes(32), b"HPKE-v1" + suite + label + key, "sha256")


def expand(suite, secret, label, info, length):
    info = length.to_bytes(2, "big") + b"HPKE-v1" + suite + label + info
    # None of the keys here is longer than one block of the hash.
    return hmac.digest(secret, info + b"\x01", "sha256")[:length]


def encode(key):
    return key.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)


def seal(recipient, info, aad, plaintext):
    """The encapsulated key (65 bytes) and the ciphertext."""
    ephemeral = ec.generate_private_key(ec.SECP256R1())
    encapsulated = encode(ephemeral.public_key())
    shared = extract(KEM_SUITE, b"", b"eae_prk", ephemeral.exchange(ec.ECDH(), recipient))
    shared = expand(KEM_SUITE, shared, b"shared_secret", encapsulated + encode(recipient), 32)
    context = b"\x00" + extract(SUITE, b"", b"psk_id_hash", b"") + extract(SUITE, b"", b"info_hash", info)
    secret = extract(SUITE, shared, b"secret", b"")
    key = expand(SUITE, secret, b"key", context, 32)
    nonce = expand(SUITE, secret, b"base_nonce", context, 12)
    return encapsulated + AESGCM(key).encrypt(nonce, plaintext, aad)
