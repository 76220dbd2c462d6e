-- Alarms of the platform itself have no datastream.
ALTER TABLE alarm ALTER COLUMN datastream_id DROP NOT NULL;
