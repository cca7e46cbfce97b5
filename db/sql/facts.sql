-- read
-- How a primary is, out of the catalogue alone: no table of ours need be there.
SELECT current_setting('server_version_num')::int, current_setting('server_version'),
    current_database()::text, current_user::text,
    (SELECT version FROM pg_stat_ssl WHERE pid = pg_backend_pid() AND ssl)::text,
    coalesce(inet_server_addr() <<= '127.0.0.0/8' OR inet_server_addr() = '::1', true),
    (SELECT extversion FROM pg_extension WHERE extname = 'vector')::text,
    (SELECT default_version FROM pg_available_extensions WHERE name = 'vector')::text,
    role.rolsuper OR (has_database_privilege(current_database(), 'CREATE') AND EXISTS (
        SELECT FROM pg_available_extension_versions WHERE name = 'vector' AND trusted)),
    role.rolsuper, coalesce(has_schema_privilege(current_schema(), 'CREATE'), false),
    (SELECT string_agg(relname, ', ' ORDER BY relname) FROM pg_class
        WHERE relnamespace = current_schema()::text::regnamespace AND relkind = 'r'
            AND relname IN ('memories', 'sessions', 'api_keys', 'sage_migrations')
            AND NOT pg_has_role(relowner, 'USAGE')),
    to_regclass('sage_migrations') IS NOT NULL, to_regclass('api_keys') IS NOT NULL,
    current_setting('max_connections')::int - current_setting('superuser_reserved_connections')::int,
    (SELECT sum(numbackends) FROM pg_stat_database)::int,
    role.rolconnlimit, database.datconnlimit,
    (extract(epoch FROM clock_timestamp()) * 1000)::int8,
    (pg_current_wal_lsn() - '0/0')::int8
FROM pg_roles AS role, pg_database AS database
WHERE role.rolname = current_user AND database.datname = current_database()
