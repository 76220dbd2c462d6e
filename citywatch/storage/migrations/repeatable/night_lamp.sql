-- Lamps at the night hour (local) of the days [from, until): lit when the mean of valid power in that hour is above a share
-- of the rating (parameter power_w, 100 W where none is given). outage: every inspected lamp of the cabinet was dark.
CREATE OR REPLACE FUNCTION night_lamp(from_at timestamptz, until_at timestamptz, zone text, hour float8, lit_share float8)
RETURNS TABLE (asset_id text, district_id text, street text, night date, lit boolean, outage boolean)
LANGUAGE sql STABLE SET search_path FROM CURRENT AS $$
    SELECT asset_id, district_id, street, night, lit,
           count(*) OVER cabinet > 1 AND parent_id IS NOT NULL AND NOT bool_or(lit) OVER cabinet
    FROM (
        SELECT a.asset_id, a.district_id, a.street, a.parent_id, (r.bucket AT TIME ZONE zone)::date AS night,
               max(r.sum / r.n) > lit_share * coalesce(max((a.parameters ->> 'power_w')::float8), 100) AS lit
        FROM asset a
        JOIN datastream d USING (asset_id)
        JOIN rollup_1h r USING (datastream_id)
        WHERE a.kind_id = 'lamp' AND d.property_id = 'active_power' AND r.n > 0
          AND r.bucket >= from_at AND r.bucket < until_at AND extract(hour FROM r.bucket AT TIME ZONE zone) = hour
        GROUP BY a.asset_id, a.district_id, a.street, a.parent_id, night
    ) AS lamps
    WINDOW cabinet AS (PARTITION BY parent_id, night)
$$;
