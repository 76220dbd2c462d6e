"""The physics that belongs to each kind of asset."""

from citywatch.model.registry import Asset
from simulators.devices.bridge import Bridge
from simulators.devices.gas_well import GasWell
from simulators.devices.lighting import Cabinet, Lamp, Supply
from simulators.devices.ponding_point import PondingPoint
from simulators.devices.routine import Routine
from simulators.devices.site import Site
from simulators.environment import Environment
from simulators.scenario import Scenario


def build_site(  # noqa: PLR0911  # one line per kind
    asset: Asset, environment: Environment, scenario: Scenario, *, seed: int
) -> Site | None:
    """Return the physics of an asset; None for a lamp without a cabinet, which would feed it."""
    match asset.kind_id:
        case "bridge":
            return Bridge(asset, environment, scenario, seed=seed)
        case "gas-valve-well":
            return GasWell(asset, environment, scenario, seed=seed)
        case "ponding-point":
            return PondingPoint(asset, environment, scenario, seed=seed)
        case "lighting-cabinet":
            lamps = [lamp for lamp in scenario.assets.values() if lamp.parent_id == asset.asset_id]
            supply = Supply(asset, environment, scenario, seed=seed)
            return Cabinet(supply, [Lamp(lamp, supply, seed=seed) for lamp in lamps])
        case "lamp":
            if asset.parent_id is None:
                return None
            cabinet = scenario.assets[asset.parent_id]
            return Lamp(asset, Supply(cabinet, environment, scenario, seed=seed), seed=seed)
        case _:
            return Routine(asset, environment, seed=seed)
