-- Role of the dashboards: it reads the views of schema dash and nothing else, in read-only transactions of 20 s at most.
-- It cannot log in until an administrator says so: ALTER ROLE citywatch_dash LOGIN PASSWORD '...'. The limits hold for
-- sessions of the role itself, not for members, so log in as the role.
--
-- Roles belong to the server: this one may exist, another database may be making it right now, or we may lack the right
-- to make it; then an administrator runs this file. It also runs before the first migration, when there is no dash yet.
DO $$
DECLARE
    wanted constant text[] := ARRAY[
        'default_transaction_read_only=on', 'statement_timeout=20s', 'idle_in_transaction_session_timeout=60s'];
    wish text;
BEGIN
    FOR attempt IN 1 .. 5 LOOP
        BEGIN
            IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'citywatch_dash') THEN
                CREATE ROLE citywatch_dash NOLOGIN;
            END IF;
            FOREACH wish IN ARRAY wanted LOOP
                CONTINUE WHEN EXISTS (
                    SELECT FROM pg_roles WHERE rolname = 'citywatch_dash' AND rolconfig @> ARRAY[wish]);
                EXECUTE format('ALTER ROLE citywatch_dash SET %I = %L', split_part(wish, '=', 1), split_part(wish, '=', 2));
            END LOOP;
            EXIT;
        EXCEPTION
            WHEN insufficient_privilege THEN
                RAISE NOTICE 'role citywatch_dash is not set up: % may not; an administrator runs roles.sql', current_user;
                EXIT;
            WHEN unique_violation OR duplicate_object OR internal_error THEN
                -- somebody else did the same at the same time (XX000: tuple concurrently updated); look again
                IF attempt = 5 THEN
                    RAISE;
                END IF;
        END;
    END LOOP;

    IF to_regnamespace('dash') IS NOT NULL AND EXISTS (SELECT FROM pg_roles WHERE rolname = 'citywatch_dash') THEN
        GRANT USAGE ON SCHEMA dash TO citywatch_dash;
        GRANT SELECT ON ALL TABLES IN SCHEMA dash TO citywatch_dash;
    END IF;
END $$;
