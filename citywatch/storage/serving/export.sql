-- name: chunk
-- the rows as one value in binary, which numpy reads as it is: a tenth of the time that rows one by one take
SELECT string_agg(
           timestamptz_send(phenomenon_time) || timestamptz_send(received_time) || float8send(result) || int2send(quality),
           '' ORDER BY phenomenon_time)
FROM (
    SELECT phenomenon_time, received_time, result, quality
    FROM observation
    WHERE datastream_id = %(datastream_id)s AND phenomenon_time >= %(begin)s AND phenomenon_time < %(end)s
    ORDER BY phenomenon_time
    LIMIT %(rows)s
) AS o
