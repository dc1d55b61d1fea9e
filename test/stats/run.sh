#!/usr/bin/env bash
# The statistics against other projects' figures (../shared/vectors) and against properties they
# must have whatever the trades: one line per check, ok, not ok, or skipped with the reason. Exits
# non-zero on any that is not ok.
#
# Uses the server of PGHOST, PGPORT and PGUSER, on which the extension must be installed and the
# user may create databases. Vectors are looked for in $SHARED_DIR/vectors. SEED repeats a run.
set -euo pipefail

HERE=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
SHARED_DIR=${SHARED_DIR:-$HERE/../../../shared}
SEED=${SEED:-$((RANDOM % 10000))}
DATABASE=position_telemetry_stats_$$
VECTORS=(lean_tradestatistics stats_vectors freqtrade_metrics lean_drawdown_recovery)

run_sql() {
    psql -X -q -A -t -v ON_ERROR_STOP=1 -v seed="$SEED" -d "$DATABASE" "$@"
}

load_vectors() {
    local name
    for name in "${VECTORS[@]}"; do
        if [ ! -r "$SHARED_DIR/vectors/$name.jsonl" ]; then
            echo "skipped - $name: not in $SHARED_DIR/vectors"
            continue
        fi
        run_sql -c "CREATE TEMP TABLE line (text text)" \
            -c "\\copy line FROM '$SHARED_DIR/vectors/$name.jsonl' WITH (FORMAT csv, QUOTE E'\\x01', DELIMITER E'\\x02')" \
            -c "INSERT INTO vector SELECT '$name', text::jsonb FROM line" || return
    done
}

# Two sessions compute the same day at the same moment, twenty times.
at_once() {
    local round
    for round in $(seq 20); do
        run_sql -c "SELECT position_telemetry.compute_strategy_stats(90, '2026-03-31', 'concurrent')" >/dev/null &
        run_sql -c "SELECT position_telemetry.compute_strategy_stats(90, '2026-03-31', 'concurrent')" >/dev/null ||
            echo "not ok - round $round of two at once: a session failed"
        wait $! ||
            echo "not ok - round $round of two at once: a session failed"
    done
    run_sql -f "$HERE/concurrent.sql"
}

all_checks() {
    # Chained: errexit does not hold in a command whose failure is handled.
    run_sql -f "$HERE/setup.sql" &&
        load_vectors &&
        run_sql -f "$HERE/vectors.sql" &&
        run_sql -f "$HERE/properties.sql" &&
        run_sql -f "$HERE/strategy_stats.sql" &&
        at_once
}

psql -X -q -d postgres -c "CREATE DATABASE $DATABASE"
trap 'psql -X -q -d postgres -c "DROP DATABASE IF EXISTS $DATABASE WITH (FORCE)"' EXIT
echo "# SEED=$SEED"
failed=0
report=$(all_checks) || failed=1
echo "$report"
! grep -q '^not ok' <<<"$report" || failed=1
exit $failed
