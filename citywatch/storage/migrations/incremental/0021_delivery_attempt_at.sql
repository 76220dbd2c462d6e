-- Dashboards ask for the attempts of a span of time, whoever received them.
CREATE INDEX ON delivery_attempt (at);
