# The PostgreSQL image runs this once, when its volume is empty: the database, and the two roles that use it.
#
#   bulwark_owner  owns the tables; only the one-shot `migrate` container has its password
#   bulwark_app    reads and writes rows, changes no table; `manage.py grant_app_role` narrows it further after each migration
#
# psql reads the passwords itself, so that they are in no process list. Nothing here may exit or set shell options:
# the image runs a file without the executable bit inside its own shell.
psql --no-psqlrc --set ON_ERROR_STOP=1 --username "${POSTGRES_USER:-postgres}" --dbname postgres <<'SQL'
\set of_owner `cat "$OWNER_PASSWORD_FILE"`
\set of_app `cat "$APP_PASSWORD_FILE"`
SET password_encryption = 'scram-sha-256'; -- pragma: allowlist secret

CREATE ROLE bulwark_owner LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOBYPASSRLS PASSWORD :'of_owner';
CREATE ROLE bulwark_app LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOBYPASSRLS PASSWORD :'of_app';
-- A request that hangs in the database must not hold its connection, or its locks, for ever.
ALTER ROLE bulwark_app SET statement_timeout = '20s';
ALTER ROLE bulwark_app SET lock_timeout = '5s';
ALTER ROLE bulwark_app SET idle_in_transaction_session_timeout = '30s';

CREATE DATABASE bulwark OWNER bulwark_owner;
REVOKE ALL ON DATABASE bulwark FROM PUBLIC;
GRANT CONNECT ON DATABASE bulwark TO bulwark_app;

\connect bulwark
REVOKE ALL ON SCHEMA public FROM PUBLIC;
ALTER SCHEMA public OWNER TO bulwark_owner;
GRANT USAGE ON SCHEMA public TO bulwark_app;
SQL
