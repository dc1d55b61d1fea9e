# shellcheck shell=bash
# The replay of a trading session, shared by scripts/demo and test/replay/run.sh. To be sourced
# after common.sh; works on the database that PGDATABASE names.

LIB=$PROJECT/scripts/lib

open_csv() {
    case $1 in
        *.gz) gzip -dc -- "$1" ;;
        *) cat -- "$1" ;;
    esac
}

# header_names FILE: the column names, one a line, in lower case, without quotes or a BOM.
header_names() {
    local header
    IFS= read -r header < <(open_csv "$1") || die "$1: empty, or not readable"
    header=${header#$'\xef\xbb\xbf'}
    tr -d '"\r ' <<<"${header,,}" | tr ',' '\n'
}

# read_header FILE: finds the columns of a file of quotes. It must have ts, and bid_close and
# ask_close, or close (or all three), and symbol or occ_symbol; without these two the symbol is the
# file's name up to the first _ or . (spy_2023_1m.csv: SPY). Other columns are not looked at.
# The file's own column names need not be valid or distinct in SQL, so columns go by number:
# sets CSV_COLUMNS (c1, c2, ...), CSV_COLUMN[ts] and so on (a number or NULL), and FILE_SYMBOL.
read_header() {
    local file=$1 names name number=0
    [ -r "$file" ] || die "$file: no such file, or not readable"
    names=$(header_names "$file")
    CSV_COLUMNS=
    declare -gA CSV_COLUMN=([ts]=NULL [symbol]=NULL [occ_symbol]=NULL [bid_close]=NULL [ask_close]=NULL [close]=NULL)
    while read -r name; do
        number=$((number + 1))
        CSV_COLUMNS+="${CSV_COLUMNS:+, }c$number"
        case $name in
            ts | symbol | occ_symbol | bid_close | ask_close | close) CSV_COLUMN[$name]=c$number ;;
        esac
    done <<<"$names"
    [ "${CSV_COLUMN[ts]}" != NULL ] || die "$file: no column ts; its columns are ${names//$'\n'/, }"
    [[ ${CSV_COLUMN[bid_close]} != NULL && ${CSV_COLUMN[ask_close]} != NULL || ${CSV_COLUMN[close]} != NULL ]] ||
        die "$file: neither bid_close and ask_close nor close; its columns are ${names//$'\n'/, }"
    FILE_SYMBOL=
    if [ "${CSV_COLUMN[symbol]}${CSV_COLUMN[occ_symbol]}" = NULLNULL ]; then
        FILE_SYMBOL=${file##*/}
        FILE_SYMBOL=${FILE_SYMBOL%%[_.]*}
    fi
}

# load_csv FILE: adds the file's quotes to demo.quotes.
load_csv() {
    local file=$1
    read_header "$file"
    run_sql -c "CREATE UNLOGGED TABLE demo.csv
                (line bigint GENERATED ALWAYS AS IDENTITY, ${CSV_COLUMNS//,/ text,} text)"
    # Through a pipe: psql need not have the right to read the file, nor know of gzip.
    open_csv "$file" |
        run_sql -c "\copy demo.csv ($CSV_COLUMNS) FROM pstdin WITH (FORMAT csv, HEADER)" ||
        die "$file: not loaded"
    # ts is the start of a bar; the bar's length is the smallest step from one ts to the next.
    # A repeated (ts, symbol) counts once, with its last line; a second file (trades next to
    # quotes, say) adds what the first left blank.
    run_sql -v symbol="$FILE_SYMBOL" <<SQL || die "$file: not loaded"
WITH rows AS (
    SELECT line, ${CSV_COLUMN[ts]}::timestamptz AS ts,
           coalesce(${CSV_COLUMN[occ_symbol]}, ${CSV_COLUMN[symbol]}, nullif(:'symbol', '')) AS symbol,
           nullif(${CSV_COLUMN[bid_close]}::numeric, 'NaN') AS bid,
           nullif(${CSV_COLUMN[ask_close]}::numeric, 'NaN') AS ask,
           nullif(${CSV_COLUMN[close]}::numeric, 'NaN') AS last
    FROM demo.csv
), bar AS (
    SELECT coalesce(min(step), interval '1 minute') AS length
    FROM (SELECT ts - lag(ts) OVER (ORDER BY ts) AS step FROM (SELECT DISTINCT ts FROM rows) t) s
)
INSERT INTO demo.quotes (known_at, symbol, bid, ask, last)
SELECT DISTINCT ON (ts, symbol) ts + bar.length, upper(trim(symbol)), bid, ask, last
FROM rows, bar
WHERE ts IS NOT NULL AND symbol IS NOT NULL
ORDER BY ts, symbol, line DESC
ON CONFLICT (symbol, known_at) DO UPDATE
SET bid = coalesce(quotes.bid, excluded.bid), ask = coalesce(quotes.ask, excluded.ask),
    last = coalesce(quotes.last, excluded.last);
DROP TABLE demo.csv;
SQL
}

# load_session [FILE...]: attaches the telemetry and loads the files, or the simulated session.
load_session() {
    local file
    run_sql -c "CREATE EXTENSION position_telemetry" -c "SELECT position_telemetry.attach('public')" -o /dev/null
    run_sql -f "$LIB/replay.sql"
    [ $# -gt 0 ] || run_sql -f "$LIB/simulated_session.sql"
    for file in "$@"; do
        load_csv "$file"
    done
    run_sql -c "CALL demo.prepare()"
}

# Plays the session tick by tick, each tick a transaction of its own; one line of output per tick.
play_session() {
    run_sql -At <<'SQL'
SELECT format('SELECT demo.play(%L)', known_at) FROM demo.clock ORDER BY known_at \gexec
SQL
}

# Turns one line per tick into a bar on a terminal, into ten lines elsewhere.
show_progress() {
    local total tick=0 line width=40 full bar
    total=$(run_sql -At -c "SELECT count(*) FROM demo.clock")
    while IFS= read -r line; do
        tick=$((tick + 1))
        full=$((tick * width / total))
        if [ -t 1 ]; then
            printf -v bar '%*s' "$full" ''
            printf '\r[%-*s] %3d %%  %s\033[K' "$width" "${bar// /#}" $((tick * 100 / total)) "$line"
        elif [ $((tick * 10 / total)) -ne $(((tick - 1) * 10 / total)) ]; then
            printf '%3d %%  %s\n' $((tick * 100 / total)) "$line"
        fi
    done
    [ ! -t 1 ] || echo
}
