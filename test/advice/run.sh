#!/usr/bin/env bash
# Measures how often generate_recommendations() finds what is not there, and what is: hundreds of
# seeded sets of trades, one line per check. Needs a running server (PGHOST, PGPORT, PGUSER) on which
# the extension is installed and the user may create a database. RUNS: how many sets (default 200).
set -euo pipefail

HERE=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
DATABASE=position_telemetry_advice_$$
RUNS=${RUNS:-200}
failures=0

sql() {
    psql -X -q -At -v ON_ERROR_STOP=1 "$@"
}

drop_database() {
    sql -d postgres -c "DROP DATABASE IF EXISTS $DATABASE" 2>/dev/null || true
}

# check TITLE CONDITION: CONDITION is SQL that gives t.
check() {
    if [ "$(sql -c "SELECT $2")" = t ]; then
        echo "ok - $1"
    else
        echo "not ok - $1"
        failures=$((failures + 1))
    fi
}

# check_rate TITLE OPERATOR LIMIT RUNS PLANTED EFFECT PARAMETER
check_rate() {
    local rate
    rate=$(sql -c "SELECT advice.rate($4, 400, $5, $6, $7)")
    check "$1: $rate % of $4 runs ($2 $3 % wanted)" "$rate $2 $3"
}

if ! sql -d postgres -c "SELECT 1" >/dev/null 2>&1; then
    echo "skipped - advice: no server (set PGHOST, PGPORT, PGUSER)"
    exit 0
fi
trap drop_database EXIT
sql -d postgres -c "CREATE DATABASE $DATABASE"
export PGDATABASE=$DATABASE
export PGOPTIONS="${PGOPTIONS:-} -c client_min_messages=warning -c synchronous_commit=off"
sql -c "CREATE EXTENSION position_telemetry" -c "CREATE SCHEMA advice" \
    -c "DO \$\$ BEGIN PERFORM position_telemetry.attach('advice'); END \$\$" -f "$HERE/rates.sql"

check_rate "advice on pure noise" "<=" 5 "$RUNS" NULL 0 NULL
check_rate "a confidence threshold worth half a standard deviation is found" ">=" 80 "$RUNS" "'confidence'" 0.5 "'min_confidence'"
check_rate "a strategy worth half a standard deviation is found" ">=" 80 $((RUNS / 2)) "'strategy'" 0.5 "'strategy_weight'"
check_rate "a time limit worth half a standard deviation is found" ">=" 80 $((RUNS / 2)) "'plan'" 0.5 "'max_hold_minutes'"
check_rate "a stop that would have helped is found" ">=" 80 $((RUNS / 2)) "'stop'" 0.5 "'stop_loss_pct'"

# Closes that are no trades change nothing, however many they are.
sql -c "SELECT advice.fill(3, 200, 'confidence', 1)" -c "SELECT position_telemetry.generate_recommendations(30, 90, 'advice')" \
    -c "CREATE TABLE advice.before AS SELECT to_jsonb(l) - 'id' - 'generated_at' - 'sql_query' AS advice FROM advice.learning_recommendations l" \
    -c "DELETE FROM advice.learning_recommendations" \
    -c "INSERT INTO advice.position_history (ticker, side, quantity, entry_price, entry_time, exit_time, pnl_dollars, pnl_pct, net_pnl_dollars,
          counts_as_trade, exit_reason, entry_confidence, position_id)
        SELECT 'AAPL', 'long', 10, 100, now() - n * interval '1 minute', now() - n * interval '1 minute', -500, -50, -500, false, 'reconciled', 0.9, 10000 + n
        FROM generate_series(1, 5000) AS n" \
    -c "SELECT position_telemetry.generate_recommendations(30, 90, 'advice')" >/dev/null
check "there is advice to compare" "count(*) > 0 FROM advice.before"
check "5000 phantom closes among 200 trades change no advice" \
    "NOT EXISTS (SELECT to_jsonb(l) - 'id' - 'generated_at' - 'sql_query' FROM advice.learning_recommendations l EXCEPT SELECT advice FROM advice.before)
     AND (SELECT count(*) FROM advice.before) = (SELECT count(*) FROM advice.learning_recommendations)"

[ "$failures" -eq 0 ]
