#!/usr/bin/env bash
# Random sequences of fills and marks against the money curve (money_curve.sql), on a schema that
# attach() made and on one whose entry_price is numeric(12,4). Uses the server of PGHOST, PGPORT and
# PGUSER, on which the extension must be installed, and a database of its own.
#
# SEED repeats a run; SEQUENCES (10000, by turns on the one and the other) makes it shorter or longer;
# SEQUENCE plays a single one, on both.
set -euo pipefail
HERE=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
SEED=${SEED:-$((RANDOM * 32768 + RANDOM))}
LAST=${SEQUENCE:-${SEQUENCES:-10000}}

export PGDATABASE=position_telemetry_random_$$
run_sql() {
    psql -X -q -P pager=off -v ON_ERROR_STOP=1 "$@"
}
createdb --maintenance-db=postgres "$PGDATABASE"
trap 'dropdb --maintenance-db=postgres --force --if-exists "$PGDATABASE"' EXIT

run_sql -At >/dev/null <<'SQL'
SET client_min_messages = warning;
CREATE EXTENSION position_telemetry;
CREATE SCHEMA full_entry;
CREATE SCHEMA rounded_entry;
CREATE TABLE rounded_entry.active_positions (id serial PRIMARY KEY, ticker varchar(30), entry_price numeric(12,4));
SELECT count(*) FROM position_telemetry.attach('full_entry');
SELECT count(*) FROM position_telemetry.attach('rounded_entry');
SQL

echo "seed $SEED"
play() {
    run_sql -v schema="$1" -v seed="$SEED" -v first="${SEQUENCE:-$2}" -v last="$LAST" -v stride=2 -f "$HERE/money_curve.sql" || {
        echo "SEED=$SEED plays the same sequences on $1 again" >&2
        return 1
    }
}
play full_entry 1 &
other=$!
failed=0
play rounded_entry 2 || failed=1
wait "$other" || failed=1
exit "$failed"
