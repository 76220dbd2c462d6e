"""Signatures, checked by the published library and by a library that had no part in them."""

import base64
import json

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from hypothesis import given
from hypothesis import strategies as st
from standardwebhooks import Webhook, WebhookVerificationError

from api.webhooks.signature import Signing, new_secret, public_key, signed_headers
from citywatch.clock import SystemClock

BODY = '{"type":"x","甲烷":1}'.encode()


def verify_ed25519(key: str, headers: dict[str, str], body: bytes) -> None:
    """Verify as a receiver does that knows the public key."""
    public = Ed25519PublicKey.from_public_bytes(base64.b64decode(key.removeprefix("whpk_")))
    (signature,) = (s for s in headers["webhook-signature"].split(" ") if s.startswith("v1a,"))
    signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
    public.verify(base64.b64decode(signature.removeprefix("v1a,")), signed)


def test_the_published_library_verifies_them() -> None:
    secret = new_secret()
    headers = signed_headers([secret], "evt_1", SystemClock().now(), BODY)
    assert Webhook(secret).verify(BODY, headers) == json.loads(BODY)
    assert public_key(secret) is None


def test_the_example_of_the_specification_comes_out() -> None:
    """The test vector of the reference implementations."""
    secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
    body = b'{"test": 2432232314}'
    at = SystemClock().now().fromtimestamp(1614265330, tz=SystemClock().now().tzinfo)
    headers = signed_headers([secret], "msg_p5jXN8AQM9LWM0D4loKWxJek", at, body)
    assert headers["webhook-signature"] == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


@given(st.binary(max_size=300))
def test_ed25519_verifies_with_the_public_key_alone(body: bytes) -> None:
    secret = new_secret(Signing.ED25519)
    assert secret.startswith("whsk_")
    assert len(base64.b64decode(secret.removeprefix("whsk_"))) == 64
    key = public_key(secret)
    assert key is not None
    headers = signed_headers([secret], "evt_1", SystemClock().now(), body)
    verify_ed25519(key, headers, body)
    with pytest.raises(InvalidSignature):
        verify_ed25519(key, headers, body + b"x")


def test_while_one_secret_replaces_another_receivers_may_know_either() -> None:
    old, new, keys = new_secret(), new_secret(), new_secret(Signing.ED25519)
    headers = signed_headers([new, old, keys], "evt_1", SystemClock().now(), BODY)
    for secret in (old, new):
        assert Webhook(secret).verify(BODY, headers)
    key = public_key(keys)
    assert key is not None
    verify_ed25519(key, headers, BODY)
    with pytest.raises(WebhookVerificationError):
        Webhook(new_secret()).verify(BODY, headers)
