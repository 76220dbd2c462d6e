-- What an endpoint wants and in which shape, two secrets while one replaces the other, the order of deliveries per alarm,
-- leases apart from plans, and endpoints that are left alone for a while.
ALTER TABLE outbox ALTER COLUMN event_id DROP NOT NULL;  -- a test event belongs to no alarm

ALTER TABLE endpoint
    ADD COLUMN description      text,
    ADD COLUMN shape            text NOT NULL DEFAULT 'standard',
    ADD COLUMN systems          text[],                -- NULL: all; so for districts and events
    ADD COLUMN districts        text[],
    ADD COLUMN events           text[],
    ADD COLUMN routing_key      text,                  -- PagerDuty's name for who is called
    ADD COLUMN public_key       text,                  -- of an ed25519 secret, whpk_...
    ADD COLUMN previous_secret  text,                  -- signs too, until
    ADD COLUMN previous_until   timestamptz,
    ADD COLUMN disabled_because text,
    ADD COLUMN failures         int4 NOT NULL DEFAULT 0,  -- in a row
    ADD COLUMN open_until       timestamptz,           -- the circuit is open: nothing is sent before
    ADD COLUMN delivered        int8 NOT NULL DEFAULT 0;

-- state: queued (not looked at yet), waiting (behind an earlier event of its lane), pending (the first of its lane, due at
-- next_attempt_at), delivered, failed (a dead letter). One delivery of a lane is pending at most.
ALTER TABLE delivery
    ADD COLUMN lane        int8 NOT NULL DEFAULT 0,    -- what is sent in order: the alarm; 0: test events
    ADD COLUMN failures    int4 NOT NULL DEFAULT 0,    -- since it was queued
    ADD COLUMN taken_until timestamptz,                -- a worker is at it; its lease
    ALTER COLUMN state SET DEFAULT 'queued';

UPDATE delivery d SET
    lane = (o.data ->> 'alarm_id')::int8,
    state = CASE d.state WHEN 'pending' THEN 'queued' ELSE d.state END
FROM outbox o
WHERE o.outbox_id = d.outbox_id;
UPDATE endpoint e SET delivered = (
    SELECT count(*) FROM delivery d WHERE d.endpoint_id = e.endpoint_id AND d.state = 'delivered');

DROP INDEX pending_delivery;
CREATE INDEX queued_delivery ON delivery (outbox_id) WHERE state = 'queued';
CREATE INDEX due_delivery ON delivery (endpoint_id, next_attempt_at, outbox_id) WHERE state = 'pending';
CREATE INDEX delivery_lane ON delivery (endpoint_id, lane, outbox_id) WHERE state IN ('waiting', 'pending');
CREATE INDEX failed_delivery ON delivery (endpoint_id, outbox_id) WHERE state = 'failed';

ALTER TABLE delivery_attempt ADD COLUMN answer text;   -- how the answer to a failed attempt begins
CREATE INDEX ON delivery_attempt (endpoint_id, attempt_id);
