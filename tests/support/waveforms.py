"""An accelerometer that sends waveform blocks, for tests; the demo city has none."""

import numpy as np

from citywatch.model.waveforms import Samples, WaveformBlock
from citywatch.storage.connection import connect

WAVE_TOPIC = "citywatch/v1/hanyang/bridge/yangtze-1/accel-9/wave"


def register_accelerometer(database: str) -> int:
    """Add sensor ``accel-9`` to the Yangtze bridge of the demo city; return the number of its datastream."""
    with connect(database, process="test") as connection:
        connection.execute(
            "INSERT INTO sensor (asset_id, sensor_id, model_id, model_name_en, model_name_zh)"
            " VALUES ('yangtze-1', 'accel-9', 'accelerometer', 'Accelerometer', '加速度计')"
        )
        row = connection.execute(
            "INSERT INTO datastream (asset_id, sensor_id, property_id, unit, expected_interval, sampling, span_low,"
            " span_high, plausible_low, plausible_high, resolution, limits)"
            " VALUES ('yangtze-1', 'accel-9', 'acceleration', 'm/s2', 1, 'waveform', -20, 20, -5, 5, 0.00001,"
            """ '{"gap_factor": 5.0}') RETURNING datastream_id"""
        ).fetchone()
        connection.execute("NOTIFY citywatch_registry")
    assert row is not None
    return int(row[0])


def sine_block(start: float, *, rate: float = 100.0, count: int = 100, amplitude: float = 0.2) -> WaveformBlock:
    """Return a block of a vibration of 2.5 Hz [m/s2]."""
    values: Samples = (amplitude * np.sin(2 * np.pi * 2.5 * (start % 1 + np.arange(count) / rate))).astype(np.float32)
    return WaveformBlock("acceleration", start, rate, values, unit="m/s2")
