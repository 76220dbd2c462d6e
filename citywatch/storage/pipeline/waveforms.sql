-- name: prepare
SELECT prepare_waveform_block(%s::timestamptz[])

-- name: copy
COPY waveform_block (datastream_id, start_time, received_time, sampling_rate, samples, quality, values)
FROM STDIN (FORMAT BINARY)

-- name: existing
SELECT w.datastream_id, w.start_time, w.sampling_rate, sha256(w.values)
FROM unnest(%s::int4[], %s::timestamptz[]) AS k (datastream_id, start_time)
JOIN waveform_block w ON w.datastream_id = k.datastream_id AND w.start_time = k.start_time

-- name: insert_conflicts
INSERT INTO waveform_conflict (datastream_id, start_time, sampling_rate, values, received_time, batch_no)
VALUES (%s, %s, %s, %s, %s, %s)
