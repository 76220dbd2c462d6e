"""Signatures of Standard Webhooks 1.0 over ``id.timestamp.body``: HMAC-SHA256 (v1) and ed25519 (v1a).

Secrets are written as the specification says: ``whsec_`` and base64 for HMAC; ``whsk_`` for the private and ``whpk_``
for the public key of ed25519. The private key is the seed followed by the public key, 64 bytes, as libsodium keeps it.

Reference: https://github.com/standard-webhooks/standard-webhooks, specification 1.0.0.
"""

import base64
import hashlib
import hmac
import secrets
from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum
from typing import Final

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

_HMAC_PREFIX: Final = "whsec_"
_PRIVATE_PREFIX: Final = "whsk_"
_PUBLIC_PREFIX: Final = "whpk_"
_SECRET_BYTES: Final = 24  # the specification asks for 24 to 64
_SEED_BYTES: Final = 32


class Signing(StrEnum):
    """How messages are signed."""

    HMAC = "hmac"
    ED25519 = "ed25519"


def new_secret(signing: Signing = Signing.HMAC) -> str:
    """Return a new random secret, as endpoints and receivers write it."""
    if signing is Signing.HMAC:
        return _HMAC_PREFIX + base64.b64encode(secrets.token_bytes(_SECRET_BYTES)).decode()
    key = Ed25519PrivateKey.generate()
    return _PRIVATE_PREFIX + base64.b64encode(key.private_bytes_raw() + key.public_key().public_bytes_raw()).decode()


def public_key(secret: str) -> str | None:
    """Return the public key that verifies what an ed25519 secret signs; None for HMAC, which has none."""
    if not secret.startswith(_PRIVATE_PREFIX):
        return None
    return _PUBLIC_PREFIX + base64.b64encode(_private_key(secret).public_key().public_bytes_raw()).decode()


def signed_headers(keys: Sequence[str], message_id: str, at: datetime, body: bytes) -> dict[str, str]:
    """Return the headers that let a receiver verify a message and recognise it when it comes again.

    Every secret signs: while one replaces another the receiver may know either.
    """
    timestamp = str(int(at.timestamp()))
    signed = b".".join((message_id.encode(), timestamp.encode(), body))
    return {
        "webhook-id": message_id,
        "webhook-timestamp": timestamp,
        "webhook-signature": " ".join(_signature(secret, signed) for secret in keys),
    }


def _signature(secret: str, signed: bytes) -> str:
    if secret.startswith(_PRIVATE_PREFIX):
        return "v1a," + base64.b64encode(_private_key(secret).sign(signed)).decode()
    key = base64.b64decode(secret.removeprefix(_HMAC_PREFIX))
    return "v1," + base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()


def _private_key(secret: str) -> Ed25519PrivateKey:
    raw = base64.b64decode(secret.removeprefix(_PRIVATE_PREFIX))
    return Ed25519PrivateKey.from_private_bytes(raw[:_SEED_BYTES])
