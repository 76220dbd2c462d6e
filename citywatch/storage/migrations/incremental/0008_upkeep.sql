-- What the upkeep of roll-ups needs to know (docs/adr/0012).

-- A sum of next to nothing over n would be an underflow, which PostgreSQL refuses.
CREATE FUNCTION rollup_mean(sum float8, n int4) RETURNS float8
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE WHEN abs(sum) >= 1e-280 THEN sum / n WHEN n > 0 THEN 0 END;

-- Stretches of a datastream, both ends included, whose roll-ups are not those of the stored values any more. Who flags
-- stored values adds rows; the upkeep takes them. What was newly stored is known from the batches and stands not here.
CREATE TABLE rollup_due (
    datastream_id int4 NOT NULL,
    first_at      timestamptz NOT NULL,
    last_at       timestamptz NOT NULL
);

-- Whatever was stored before there were roll-ups is due; the upkeep follows the batches from here on. The number is read
-- first: what is committed meanwhile is rolled up twice rather than never.
INSERT INTO follower (follower, outputs_to, checkpoint_at)
SELECT 'rollups', coalesce(max(batch_no), 0), coalesce(max(batch_no), 0) FROM batch;

INSERT INTO rollup_due (datastream_id, first_at, last_at)
SELECT datastream_id, min(phenomenon_time), max(phenomenon_time)
FROM observation
GROUP BY datastream_id, date_trunc('day', phenomenon_time, 'UTC');

-- How many days the data of a system are kept: {raw, minutes, hours, days}, each a number or null for ever.
ALTER TABLE system ADD COLUMN retention jsonb;

-- Up to where the data of a system have been given up. Below the horizon they may be incomplete already, so what is
-- coarser is not made from them any more; below removed_before they are gone.
CREATE TABLE retention_horizon (
    system_id      text NOT NULL REFERENCES system,
    stored_in      text NOT NULL,            -- observation, rollup_1min, rollup_1h, rollup_1day
    horizon        timestamptz NOT NULL,     -- midnight in the time zone of the city
    removed_before timestamptz,
    PRIMARY KEY (system_id, stored_in)
);
