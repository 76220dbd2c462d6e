-- name: is_compressed
SELECT EXISTS (
    SELECT FROM timescaledb_information.jobs
    WHERE proc_name = 'policy_compression' AND hypertable_schema = 'citywatch' AND hypertable_name = %s)

-- name: segment_observation
ALTER TABLE citywatch.observation SET (
    timescaledb.compress, timescaledb.compress_segmentby = 'datastream_id', timescaledb.compress_orderby = 'phenomenon_time')

-- name: segment_rollup_1min
ALTER TABLE citywatch.rollup_1min SET (
    timescaledb.compress, timescaledb.compress_segmentby = 'datastream_id', timescaledb.compress_orderby = 'bucket')

-- name: segment_rollup_1h
ALTER TABLE citywatch.rollup_1h SET (
    timescaledb.compress, timescaledb.compress_segmentby = 'datastream_id', timescaledb.compress_orderby = 'bucket')

-- name: add_policy
SELECT add_compression_policy(format('citywatch.%%I', %s::text)::regclass, %s::interval)
