"""Regression on the environment that learns as it goes: what temperature, flow or traffic explain of a datastream."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from analytics.methods.ticks import Columns, Floats, Places, observed, rows_of


@dataclass(frozen=True, slots=True)
class RegressionParams:
    """``forgetting`` [-] in (0, 1]: weight of a sample after one more, 0.999 remembers about 1000 samples; ``prior``
    [1/unit^2 of the regressors]: variance of the coefficients before anything is learned, > 0, 1e3 when they are scaled
    to about 1; no uncertainty grows beyond it, so a calm environment does not make the model nervous.
    """

    forgetting: float = 0.999
    prior: float = 1e3

    def __post_init__(self) -> None:
        if not (0 < self.forgetting <= 1 and self.prior > 0):
            raise ValueError("0 < forgetting <= 1 and prior > 0")


class RecursiveRegression:
    """Recursive least squares of m datastreams on p regressors each.

    Formula: ``e = y - x'b``; ``g = P x / (forgetting + x'P x)``; ``b' = b + g e``;
    ``P' = (P - g x'P) / forgetting``

    Parameters
    ----------
    count, regressors
        m datastreams and p regressors, few (1 to 4): a constant, one or two temperatures or their components.
    params
        See :class:`RegressionParams`.

    Notes
    -----
    ``update`` returns the error ``e`` [unit of the datastream] of the prediction made before the value was known. The
    value teaches only where ``learn`` says so: freeze it in alarm, or the fault becomes normal. Collinear regressors
    fit the past and fail the future: reduce them to components first.

    Examples
    --------
    >>> line = RecursiveRegression(1, 2, RegressionParams(forgetting=1.0))
    >>> x = np.arange(50.0)[:, None]
    >>> errors = line.update(3 + 0.5 * x, np.stack([np.ones_like(x), x], axis=-1))
    >>> bool(abs(errors[-1, 0]) < 0.01), line.state["coefficient"].round(2).tolist()
    (True, [[3.0, 0.5]])

    References
    ----------
    Ljung 1999, System Identification: Theory for the User, Prentice Hall, section 11.2.
    """

    def __init__(self, count: int, regressors: int, params: RegressionParams) -> None:
        self._params = params
        self.state: Columns = {
            "coefficient": np.zeros((count, regressors)),
            "uncertainty": np.tile(params.prior * np.eye(regressors), (count, 1, 1)),
        }

    def update(
        self,
        block: Floats,
        environment: Floats,
        learn: NDArray[np.bool_] | None = None,
        places: Places | None = None,
    ) -> Floats:
        """Take values (k, c) with regressors (k, c, p) and where to learn (k, c); return the errors (k, c)."""
        errors = np.full(block.shape, np.nan)
        with rows_of(self.state, places) as rows, np.errstate(invalid="ignore"):
            for turn, (values, regressors) in enumerate(zip(block, environment, strict=True)):
                here = observed(values) & observed(regressors).all(axis=1)
                x = np.where(here[:, None], regressors, 0.0)
                error = np.where(here, values, 0.0) - np.einsum("cp,cp->c", x, rows["coefficient"])
                errors[turn] = np.where(here, error, np.nan)
                self._learn(rows, x, error, here if learn is None else here & learn[turn])
        return errors

    def _learn(self, rows: Columns, x: Floats, error: Floats, taught: NDArray[np.bool_]) -> None:
        spread = rows["uncertainty"]
        forgetting, prior = self._params.forgetting, self._params.prior
        along = np.einsum("cij,cj->ci", spread, x)
        gain = along / (forgetting + np.einsum("ci,ci->c", x, along))[:, None]
        after = (spread - gain[:, :, None] * along[:, None, :]) / forgetting
        after = (after + after.transpose(0, 2, 1)) / 2
        total = np.trace(after, axis1=1, axis2=2)
        after *= np.minimum(1.0, prior * x.shape[1] / np.maximum(total, 1e-300))[:, None, None]
        rows["coefficient"] = np.where(
            taught[:, None], rows["coefficient"] + gain * error[:, None], rows["coefficient"]
        )
        rows["uncertainty"] = np.where(taught[:, None, None], after, spread)


class TwinRegression:
    """An adaptive regression beside a long-term one that is frozen when it has learned enough.

    Formula: ``error = y - x'b``; ``drift = x'b - x'B``, ``b`` adaptive, ``B`` without forgetting, frozen after
    ``settled`` values

    Parameters
    ----------
    count, regressors, params
        See :class:`RecursiveRegression`.
    settled
        Values that the long-term model learns from [samples], one full season of them.

    Notes
    -----
    The adaptive model follows the weather and absorbs slow damage; what it has absorbed is the drift against its twin
    [unit of the datastream]. ``drift`` is nan until the twin is frozen.

    Examples
    --------
    >>> twin = TwinRegression(1, 1, RegressionParams(forgetting=0.9), settled=30)
    >>> ones = np.ones((60, 1, 1))
    >>> _, before = twin.update(np.full((60, 1), 2.0), ones)
    >>> _, after = twin.update(np.full((60, 1), 5.0), ones)
    >>> bool(abs(before[-1, 0]) < 0.01), round(float(after[-1, 0]), 1)
    (True, 3.0)

    References
    ----------
    Peeters and De Roeck 2001, Earthquake Eng. Struct. Dyn. 30 (2) 149-171: Z24, a reference model of one year.
    """

    def __init__(self, count: int, regressors: int, params: RegressionParams, *, settled: int) -> None:
        self._settled = settled
        self._adaptive = RecursiveRegression(count, regressors, params)
        self._long = RecursiveRegression(count, regressors, RegressionParams(forgetting=1.0, prior=params.prior))
        self._learned: Columns = {"learned": np.zeros(count, dtype=np.int64)}

    @property
    def state(self) -> Columns:
        """Columns of both models; assign into them to restore."""
        parts = {"adaptive": self._adaptive.state, "long": self._long.state}
        both = {f"{part}_{name}": column for part, state in parts.items() for name, column in state.items()}
        return {**both, **self._learned}

    def update(
        self,
        block: Floats,
        environment: Floats,
        learn: NDArray[np.bool_] | None = None,
        places: Places | None = None,
    ) -> tuple[Floats, Floats]:
        """Take what :meth:`RecursiveRegression.update` takes; return errors and drift (k, c)."""
        taught = observed(block) & observed(environment).all(axis=2)
        taught = taught if learn is None else taught & learn
        with rows_of(self._learned, places) as rows:
            before = rows["learned"] + np.cumsum(taught, axis=0) - taught
            rows["learned"] = rows["learned"] + taught.sum(axis=0)
        young = before < self._settled
        errors = self._adaptive.update(block, environment, learn, places)
        long_errors = self._long.update(block, environment, taught & young, places)
        return errors, np.where(young, np.nan, long_errors - errors)
