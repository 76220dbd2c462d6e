#!/bin/sh
# Runs once, when the database is made: the role that Grafana logs in with. Migrations give it its rights.
set -eu
psql --set ON_ERROR_STOP=1 --set password="$DASH_PASSWORD" --username "$POSTGRES_USER" --dbname "$POSTGRES_DB" <<'SQL'
CREATE ROLE citywatch_dash LOGIN PASSWORD :'password';
SQL
