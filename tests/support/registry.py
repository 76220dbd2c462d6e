"""A small registry for unit tests, without a database."""

from citywatch.model.identifiers import AssetId, DatastreamId, DistrictId, KindId, PropertyId, SensorId, SystemId
from citywatch.model.registry import Datastream, Measure, QualityLimits, Range, Sampling

TOPIC = "citywatch/v1/hanyang/bridge/yangtze-1/strain-1/senml"


def datastream(
    number: int,
    property_id: str,
    unit: str,
    *,
    sensor_id: str = "strain-1",
    span: tuple[float, float] = (-3000, 3000),
    plausible: tuple[float, float] = (-800, 800),
    interval: float = 10.0,
    resolution: float = 0.1,
    limits: QualityLimits | None = None,
    kind_id: str = "bridge",
    asset_id: str = "yangtze-1",
    sampling: Sampling = Sampling.SCALAR,
) -> Datastream:
    """Return a datastream of the bridge that most unit tests speak of."""
    return Datastream(
        datastream_id=DatastreamId(number),
        system_id=SystemId("bridge"),
        kind_id=KindId(kind_id),
        district_id=DistrictId("hanyang"),
        asset_id=AssetId(asset_id),
        sensor_id=SensorId(sensor_id),
        unit=unit,
        measure=Measure(
            property_id=PropertyId(property_id),
            expected_interval=interval,
            sampling=sampling,
            span=Range(*span),
            plausible=Range(*plausible),
            resolution=resolution,
            limits=limits or QualityLimits(),
        ),
    )


def small_registry() -> list[Datastream]:
    """Return strain (1), structure temperature (2) and the waveform of acceleration (3) of one sensor."""
    return [
        datastream(1, "strain", "um/m"),
        datastream(2, "structure_temperature", "Cel", span=(-40, 85), plausible=(-20, 65), interval=60.0),
        datastream(3, "acceleration", "m/s2", span=(-20, 20), plausible=(-5, 5), sampling=Sampling.WAVEFORM),
    ]
