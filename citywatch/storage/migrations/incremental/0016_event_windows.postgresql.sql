-- Waveform blocks in an event window outlive the retention of their system: the evidence of what happened there.
CREATE TABLE event_window (
    event_window_id int8 GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    asset_id        text NOT NULL REFERENCES asset,
    datastream_id   int4 REFERENCES datastream,        -- NULL: all waveform datastreams of the asset
    begins_at       timestamptz NOT NULL,
    ends_at         timestamptz NOT NULL,
    reason          text NOT NULL,
    actor           text NOT NULL,                     -- 'detector' or a person
    alarm_id        int8 REFERENCES alarm,             -- NULL: a person asked for it
    made_at         timestamptz NOT NULL DEFAULT clock_timestamp(),
    CHECK (begins_at < ends_at)
);
CREATE INDEX ON event_window (asset_id, begins_at);

-- Drop the partitions that lie between two instants; return how many that were.
CREATE FUNCTION drop_partitions_between(parent text, since timestamptz, before timestamptz) RETURNS int4
LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
DECLARE
    child   text;
    dropped int4 := 0;
BEGIN
    FOR child IN SELECT name FROM partitions_of(parent) WHERE begin_at >= since AND end_at <= before LOOP
        EXECUTE 'DROP TABLE ' || child;
        dropped := dropped + 1;
    END LOOP;
    RETURN dropped;
END $$;
