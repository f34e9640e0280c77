#!/bin/sh
# Make the cluster if the volume holds none, then become the server. What was begun and not ended is made anew.
set -eu
volume=/var/lib/postgresql/cluster
secret=/run/secrets/database.password

if [ ! -d "$volume/main" ]; then
    rm -rf "$volume/begun"
    password=$(cat "$secret")
    case $password in *[!A-Za-z0-9_-]* | "") echo "error: $secret must hold letters, digits, - and _ only" >&2; exit 1 ;; esac
    initdb --pgdata="$volume/begun" --username=postgres --encoding=UTF8 --locale=C.UTF-8 --data-checksums >/dev/null
    postgres --single -D "$volume/begun" -c exit_on_error=on postgres >/dev/null <<SQL
CREATE ROLE doorward LOGIN PASSWORD '$password'
CREATE DATABASE doorward OWNER doorward
SQL
    # From the network: this role, to this database, by its password. In the container: its owner.
    cat >"$volume/begun/pg_hba.conf" <<HBA
local all      postgres         peer
host  doorward doorward samenet scram-sha-256
HBA
    mv "$volume/begun" "$volume/main"
fi
exec postgres -D "$volume/main" -c listen_addresses='*' -c unix_socket_directories=/tmp "$@"
