"""Frequencies against temperature, with the kink where the ground freezes."""

from dataclasses import dataclass

import numpy as np

from analytics.methods.ticks import Floats, observed


def frost_regressors(temperature: Floats, knee: float = 0.0) -> Floats:
    """Return the regressors of a line with a kink, for ``regression`` as well.

    Formula: ``1, min(T - knee, 0), max(T - knee, 0)``

    Parameters
    ----------
    temperature
        Shape (...), [degC].
    knee
        Where the slope changes [degC].

    Returns
    -------
    regressors
        Shape (..., 3), [-], [K] and [K].

    Examples
    --------
    >>> frost_regressors(np.array([-4.0, 6.0])).tolist()
    [[1.0, -4.0, 0.0], [1.0, 0.0, 6.0]]

    References
    ----------
    Peeters and De Roeck 2001, Earthquake Eng. Struct. Dyn. 30 (2) 149-171: Z24, stiff asphalt below 0 degC.
    """
    away = temperature - knee
    return np.stack([np.ones_like(away), np.minimum(away, 0.0), np.maximum(away, 0.0)], axis=-1)


@dataclass(frozen=True, slots=True)
class FrostLine:
    """``level`` [Hz] at the ``knee`` [degC]; slopes ``below`` and ``above`` it [Hz/K], nan where not enough was seen;
    ``scatter`` [Hz]: standard deviation around the line.
    """

    level: float
    below: float
    above: float
    knee: float
    scatter: float

    def expected(self, temperature: Floats) -> Floats:
        """Return the frequency (...) [Hz] expected at temperatures (...) [degC]; nan where nothing was learned."""
        away = temperature - self.knee
        return np.where(away < 0, self.level + self.below * away, self.level + self.above * away)


def frost_line(temperature: Floats, frequency: Floats, *, knee: float = 0.0, enough: int = 30) -> FrostLine:
    """Return the line with a kink through frequencies over temperature.

    Formula: least squares on ``frost_regressors``; a side with fewer than ``enough`` samples gets the slope nan

    Parameters
    ----------
    temperature, frequency
        Shapes (n,), [degC] and [Hz]: healthy samples of a season; nan is left out.
    knee
        [degC].
    enough
        Samples that a slope needs [samples].

    Returns
    -------
    line
        See :class:`FrostLine`. Judge ``frequency - line.expected(temperature)``, never the frequency.

    Raises
    ------
    ValueError
        When neither side has enough samples.

    Notes
    -----
    A season moves a frequency by several per cent, damage by two. Use the temperature of the structure, which lags
    behind the air; keep records with small gradients. A line without winter says nothing about frost.

    Examples
    --------
    >>> t = np.linspace(-10, 30, 200)
    >>> line = frost_line(t, 4.0 - 0.02 * np.minimum(t, 0) - 0.004 * np.maximum(t, 0))
    >>> round(line.level, 6), round(line.below, 6), round(line.above, 6)
    (4.0, -0.02, -0.004)

    References
    ----------
    Peeters and De Roeck 2001, Earthquake Eng. Struct. Dyn. 30 (2) 149-171.
    """
    here = observed(temperature) & observed(frequency)
    warm, value = temperature[here], frequency[here]
    sides = np.array([True, np.count_nonzero(warm < knee) >= enough, np.count_nonzero(warm >= knee) >= enough])
    if not sides[1:].any():
        raise ValueError(f"{len(warm)} samples: at least {enough} are needed on one side of {knee:g} degC")
    trusted = ((warm < knee) & sides[1]) | ((warm >= knee) & sides[2])
    regressors = frost_regressors(warm[trusted], knee)[:, sides]
    found = np.full(3, np.nan)
    found[sides] = np.linalg.lstsq(regressors, value[trusted])[0]
    scatter = float(np.std(value[trusted] - regressors @ found[sides]))
    return FrostLine(float(found[0]), float(found[1]), float(found[2]), knee, scatter)
