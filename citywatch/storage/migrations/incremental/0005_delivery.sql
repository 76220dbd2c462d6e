-- Alarms on their way out. The outbox row is written in the transaction of the alarm change.
CREATE TABLE outbox (
    outbox_id  int8 GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    event_id   int8 NOT NULL REFERENCES alarm_event,
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    type       text NOT NULL,                -- citywatch.alarm.raised, ...
    data       jsonb NOT NULL
);

CREATE TABLE endpoint (
    endpoint_id  int8 GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    url          text NOT NULL,
    secret       text NOT NULL,              -- Standard Webhooks, whsec_...
    min_severity int2 NOT NULL DEFAULT 1,
    enabled      boolean NOT NULL DEFAULT true,
    created_at   timestamptz NOT NULL DEFAULT clock_timestamp()
);

CREATE TABLE delivery (
    endpoint_id     int8 NOT NULL REFERENCES endpoint ON DELETE CASCADE,
    outbox_id       int8 NOT NULL REFERENCES outbox,
    state           text NOT NULL DEFAULT 'pending',   -- pending, delivered, failed
    attempts        int4 NOT NULL DEFAULT 0,
    next_attempt_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    finished_at     timestamptz,
    PRIMARY KEY (endpoint_id, outbox_id)
);
CREATE INDEX pending_delivery ON delivery (next_attempt_at) WHERE state = 'pending';

CREATE TABLE delivery_attempt (
    attempt_id  int8 GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    endpoint_id int8 NOT NULL,
    outbox_id   int8 NOT NULL,
    at          timestamptz NOT NULL,
    duration_ms float8 NOT NULL,
    status      int4,                        -- HTTP status; NULL: no answer
    error       text,
    FOREIGN KEY (endpoint_id, outbox_id) REFERENCES delivery ON DELETE CASCADE
);
CREATE INDEX ON delivery_attempt (endpoint_id, outbox_id);
