#!/usr/bin/env bash
# Plays positions on real market data through the extension and compares what is archived with
# brute-force reference values: see real_data.sql. Needs a running server with the extension
# available, at PGHOST, PGPORT, PGUSER and PGDATABASE; the user must be allowed to create databases.
# Vectors and data are looked for in $PT_SHARED, else $SHARED_DIR (see scripts/lib/common.sh).
# Prints ok, not ok or skipped per check.
set -euo pipefail
# shellcheck source=scripts/lib/common.sh
. "$(dirname "${BASH_SOURCE[0]}")/../../scripts/lib/common.sh"

HERE=$PROJECT/test/vectors
SHARED_DIR=${PT_SHARED:-$SHARED_DIR}
VECTORS=$SHARED_DIR/vectors/real_data_positions.jsonl
DATABASE=position_telemetry_vectors_$$

datasets() {
    grep -o '"dataset": *"[^"]*"' "$VECTORS" | cut -d '"' -f 4 | sort -u
}

# A quoted psql string.
quoted() {
    printf "'%s'" "${1//\'/\'\'}"
}

# The psql commands that load a file of market data: each has the columns of its header, as text.
load_commands() {
    local dataset=$1 file=$SHARED_DIR/$1 columns
    columns=$(zcat -f "$file" | sed -n 1p | tr -d '\r')
    echo "CREATE TEMP TABLE load (\"${columns//,/\" text, \"}\" text);"
    echo "\\copy load FROM PROGRAM $(quoted "zcat -f $(quoted "$file")") (FORMAT csv, HEADER)"
    echo "INSERT INTO bar SELECT $(quoted "$dataset"), coalesce(l ->> 'occ_symbol', ''), (l ->> 'ts')::timestamptz,
        (l ->> 'high')::numeric, (l ->> 'low')::numeric, (l ->> 'close')::numeric, (l ->> 'bid_close')::numeric,
        (l ->> 'ask_close')::numeric FROM (SELECT to_jsonb(load) AS l FROM load) AS loaded
        WHERE NOT l ? 'occ_symbol' OR l ->> 'occ_symbol' IN (SELECT symbol FROM scenario);"
    echo "DROP TABLE load;"
}

commands() {
    local dataset
    echo "\\i $HERE/real_data.sql"
    # Bytes that no vector contains, so that a line is one value.
    printf '%s\n' "\\copy vector FROM $(quoted "$VECTORS") (FORMAT csv, QUOTE E'\\x01', DELIMITER E'\\x02')"
    echo "SELECT read_scenarios() AS nothing \\gset"
    while read -r dataset; do
        # A scenario whose data is missing is reported as skipped.
        [ ! -r "$SHARED_DIR/$dataset" ] || load_commands "$dataset"
    done < <(datasets)
    echo "ANALYZE bar;"
    echo "SELECT leave_out_missing_data() AS nothing \\gset"
    echo "SELECT format('skipped %s: %s', id, not_played) FROM scenario WHERE not_played IS NOT NULL ORDER BY n;"
    echo "SELECT format('CALL play(%L, %L, NULL)', id, by_functions) FROM scenario
        CROSS JOIN (VALUES (true), (false)) AS way (by_functions)
        WHERE not_played IS NULL ORDER BY n, by_functions DESC \\gexec"
    echo "SELECT conclude();"
}

drop_database() {
    run_sql -d "$1" -c "SET client_min_messages = error" -c "DROP DATABASE IF EXISTS $DATABASE"
}

main() {
    if [ ! -r "$VECTORS" ]; then
        echo "skipped real_data_positions: $VECTORS is not there"
        return
    fi
    local maintenance=${PGDATABASE:-postgres}
    run_sql -d "$maintenance" -c "CREATE DATABASE $DATABASE"
    # shellcheck disable=SC2064 # the name is meant to be expanded now
    trap "drop_database '$maintenance'" EXIT
    commands | run_sql -At -d "$DATABASE"
}

main "$@"
