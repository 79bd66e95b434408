#!/bin/sh
# Takes the same commands as the official images: that of PostgreSQL makes its database on the first start, flags alone are for the S3 server.
set -eu

case "${1:-}" in
  -*) exec versitygw "$@" ;;
  postgres) ;;
  *) exec "$@" ;;
esac

data="${PGDATA:-/var/lib/postgresql/data}"
if [ ! -s "$data/PG_VERSION" ]; then
  initdb --pgdata "$data" --username "$POSTGRES_USER" --pwfile "$POSTGRES_PASSWORD_FILE" --auth-local trust --auth-host scram-sha-256 --encoding UTF8 --locale C
  echo 'host all all all scram-sha-256' >> "$data/pg_hba.conf"
  echo "CREATE DATABASE \"$POSTGRES_DB\"" | postgres --single -D "$data" postgres
fi
shift
exec postgres -D "$data" -c listen_addresses='*' -c unix_socket_directories=/var/run/postgresql "$@"
