"""Unit conversion."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from citywatch.errors import Reason, Rejected
from citywatch.model.units import _UNITS, conversion

PAIRS = [(a, b) for a in _UNITS for b in _UNITS if _UNITS[a][0] == _UNITS[b][0]]


@pytest.mark.parametrize(
    ("sent", "stored", "value", "expected"),
    [
        ("K", "Cel", 300.0, 26.85),
        ("MPa", "kPa", 0.2, 200.0),
        ("m", "mm", 0.27, 270.0),
        ("[g]", "m/s2", 1.0, 9.80665),
        ("rad", "deg", 3.141592653589793, 180.0),
        ("mm/min", "mm/h", 1.5, 90.0),
        ("[ppm]", "%", 50_000.0, 5.0),
    ],
)
def test_known_values(sent: str, stored: str, value: float, expected: float) -> None:
    found = conversion(sent, stored)
    assert found is not None
    assert found.apply(value) == pytest.approx(expected)


@given(st.sampled_from(PAIRS), st.floats(-1e6, 1e6))
def test_there_and_back_again(pair: tuple[str, str], value: float) -> None:
    there, back = conversion(*pair), conversion(*reversed(pair))
    once = value if there is None else there.apply(value)
    again = once if back is None else back.apply(once)
    assert again == pytest.approx(value, rel=1e-9, abs=1e-6)


@pytest.mark.parametrize(("sent", "stored"), [("Cel", "mm"), ("furlong", "mm"), ("mm", "furlong"), ("", "mm")])
def test_other_quantities_and_unknown_units_are_refused(sent: str, stored: str) -> None:
    with pytest.raises(Rejected, match="cannot become") as caught:
        conversion(sent, stored)
    assert caught.value.reason is Reason.UNIT_MISMATCH
