-- What happens to a dead letter after it was written: it is re-driven, or its bytes expire. Nothing deletes its record.
ALTER TABLE dead_letter
    ADD COLUMN state    text NOT NULL DEFAULT 'open',  -- LetterState
    ADD COLUMN state_at timestamptz;                   -- since when; NULL: since it was written
CREATE INDEX open_dead_letter ON dead_letter (reason) WHERE state = 'open';

CREATE TABLE dead_letter_event (
    event_id       int8 GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    dead_letter_id int8 NOT NULL REFERENCES dead_letter ON DELETE CASCADE,
    at             timestamptz NOT NULL,
    event          text NOT NULL,                      -- redriven, expired
    actor          text NOT NULL                       -- a person, or 'analytics'
);
CREATE INDEX ON dead_letter_event (dead_letter_id);
