-- What is known of each device. A subscriber sees no MQTT client id: the address, asset and sensor, is the device.

-- The messages of a batch (citywatch.storage.pipeline.devices), until the device ledger has taken them in.
CREATE TABLE batch_devices (
    batch_no int8 PRIMARY KEY,
    messages bytea NOT NULL
);

CREATE TABLE device_state (
    asset_id  text NOT NULL,
    sensor_id text NOT NULL,
    heard_at  timestamptz NOT NULL,          -- reception of the newest message, whether its readings were accepted or not
    seq       int8,                          -- highest number of the present count; NULL: the device sends none
    seen      int8,                          -- bit n: number seq - n has arrived
    sent_at   timestamptz,                   -- send time of number seq, by the clock of the device
    PRIMARY KEY (asset_id, sensor_id)
) WITH (fillfactor = 50);

-- By hour of reception. missing = skipped - out_of_order, over a span that holds both.
CREATE TABLE device_ledger (
    asset_id         text NOT NULL,
    sensor_id        text NOT NULL,
    hour             timestamptz NOT NULL,
    messages         int8 NOT NULL,
    readings         int8 NOT NULL,          -- accepted or not
    repeated         int8 NOT NULL,          -- messages with nothing new in them
    skipped          int8 NOT NULL,          -- numbers jumped over
    out_of_order     int8 NOT NULL,          -- messages behind a higher number
    restarts         int8 NOT NULL,
    skew_messages    int8 NOT NULL,          -- messages with a send time
    skew_min         float8,                 -- received - sent [s]
    skew_median      float8,                 -- from skew_counts
    skew_max         float8,
    skew_counts      int8[] NOT NULL,        -- histogram (analytics.methods.histogram)
    lateness_rows    int8 NOT NULL,          -- readings stored
    lateness_sum     float8 NOT NULL,        -- received - phenomenon time [s]
    lateness_max     float8,
    lateness_p95     float8,                 -- from lateness_counts
    lateness_counts  int8[] NOT NULL,
    PRIMARY KEY (asset_id, sensor_id, hour)
) WITH (fillfactor = 50);
CREATE INDEX ON device_ledger (hour);

-- changed_at is what the device says, by its own clock; liveness goes by ours.
ALTER TABLE sensor_status ADD COLUMN received_at timestamptz;

-- The ledger counts a waveform block as one reading; the batch log says how many a batch stored.
ALTER TABLE batch ADD COLUMN blocks int4 NOT NULL DEFAULT 0;
