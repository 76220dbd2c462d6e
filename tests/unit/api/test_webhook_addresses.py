"""Where webhooks may go."""

from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.webhooks.addresses import AddressRules

NOBODY = AddressRules()
OFFICE = AddressRules((ip_network("10.1.0.0/16"), ip_network("fd00:1::/32")))

PRIVATE = [
    "127.0.0.1", "10.0.0.1", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1", "0.0.0.0", "224.0.0.1",
    "239.1.2.3", "255.255.255.255", "192.0.2.1", "::", "::1", "fe80::1", "fc00::1", "ff02::1",
    "::ffff:127.0.0.1", "::ffff:10.0.0.1", "64:ff9b::127.0.0.1", "64:ff9b::a9fe:a9fe", "2002:7f00:1::", "2002:a00:1::1",
]  # fmt: skip


@pytest.mark.parametrize("address", PRIVATE)
def test_networks_of_our_own_are_refused_however_they_are_written(address: str) -> None:
    refusal = NOBODY.refusal(ip_address(address), is_encrypted=True)
    assert refusal is not None
    assert "CITYWATCH_WEBHOOK_ALLOWED_NETWORKS" in refusal


@pytest.mark.parametrize("address", ["8.8.8.8", "2606:4700::1111", "64:ff9b::808:808", "::ffff:8.8.8.8"])
def test_public_addresses_are_reached_by_tls_alone(address: str) -> None:
    assert NOBODY.refusal(ip_address(address), is_encrypted=True) is None
    refusal = NOBODY.refusal(ip_address(address), is_encrypted=False)
    assert refusal is not None
    assert "https" in refusal


@pytest.mark.parametrize("address", ["10.1.2.3", "fd00:1::7", "::ffff:10.1.2.3"])
def test_allowed_networks_are_reached_either_way(address: str) -> None:
    for is_encrypted in (True, False):
        assert OFFICE.refusal(ip_address(address), is_encrypted=is_encrypted) is None
    assert OFFICE.refusal(ip_address("10.2.0.1"), is_encrypted=True)


@given(st.ip_addresses(v=4))
def test_an_address_is_judged_alike_in_every_disguise(address: IPv4Address) -> None:
    """A twin that knows IPv4 alone decides for the mapped and the translated form."""
    number = int(address)
    plain = NOBODY.refusal(address, is_encrypted=True) is None
    for disguise in (IPv6Address((0xFFFF << 32) | number), IPv6Address((0x64FF9B << 96) | number)):
        assert (NOBODY.refusal(disguise, is_encrypted=True) is None) == plain, disguise
