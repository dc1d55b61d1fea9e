# shellcheck shell=bash
# Counts test results. To be sourced by scripts/test, after common.sh.
#
# A reader turns the log of a test runner into lines of three fields, separated by tabs: passed,
# failed or skipped; the name of the test; the reason it was skipped for.

RESULTS= # a file: such lines, with the suite as a fourth field

# ON_MAJOR: the PostgreSQL major that suites run on, where it is not the host's.
# RESULTS_FILE: where the results go if this run is a part of another one, which says the totals.
start_results() {
    RESULTS=${RESULTS_FILE:-$WORK/results}
    : >"$RESULTS"
}

# A test program and its assertions, written down as TAP ("ok 3 - what it is"). What a subtest says
# is indented, and summed up by the line after it.
read_tap() {
    awk -F ' # ' -v OFS='\t' '
        { name = $1; sub(/^(not )?ok *[0-9]*[ -]*/, "", name) }
        /^1\.\.0 # / { sub(/^[Ss][Kk][Ii][Pp][^ ]* */, "", $2); print "skipped", program, $2 }
        /^not ok/ && $2 !~ /^TODO/ { print "failed", name }
        /^ok [0-9-]/ && toupper($2) ~ /^SKIP/ { sub(/^[Ss][Kk][Ii][Pp][^ ]* */, "", $2); print "skipped", name, $2; next }
        /^ok [0-9-]/ { print "passed", name }
        /\.pl \.\./ { program = $1; sub(/\.pl \.\..*/, "", program); sub(/.*\//, "", program) }
    ' "$1"
}

read_ctest() {
    awk -v OFS='\t' '
        !/^ *[0-9]+\/[0-9]+ Test +#/ { next }
        { name = $0; sub(/^[^:]*: /, "", name); sub(/ \.\.+.*/, "", name) }
        / Passed +[0-9.]+ sec/ { print "passed", name; next }
        /\*\*\*Skipped/ { print "skipped", name, "it says so itself"; next }
        { print "failed", name }
    ' "$1"
}

# pg_regress and pg_isolation_regress; from PostgreSQL 16 on they write TAP.
read_regress() {
    awk -v OFS='\t' '
        /^test .*\.\.\. / { print $4 == "ok" ? "passed" : "failed", $2 }
        /^(not )?ok +[0-9]+ +[-+] / { print $1 == "ok" ? "passed" : "failed", $1 == "ok" ? $4 : $5 }
    ' "$1"
}

# A script says "ok WHAT", "not ok WHAT" or "skipped WHAT: REASON", one test on a line. If it does
# not, it is one test itself, which passes by its exit status; what it leaves out it says in lines
# of the form "WHAT: skipped, REASON".
read_script() {
    awk -v OFS='\t' -v status="$2" -v suite="$3" '
        /^(ok|not ok|skipped) / {
            said = 1
            outcome = $1 == "ok" ? "passed" : $1 == "not" ? "failed" : "skipped"
            sub(/^(ok|not ok|skipped) (([0-9]+ )?- )?/, "")
            reason = ""
            if (outcome == "skipped" && (colon = index($0, ": "))) {
                reason = substr($0, colon + 2)
                $0 = substr($0, 1, colon - 1)
            }
            print outcome, $0, reason
        }
        (comma = index($0, ": skipped, ")) { print "skipped", substr($0, 1, comma - 1), substr($0, comma + 11) }
        END { if (!said && status == 0) print "passed", suite }
    ' "$1"
}

# run_suite SUITE READER COMMAND...: runs the command, which gets no input, and adds up what it did.
# A suite that fails, and one that ran nothing, counts as a failed test at least. Then its log is
# shown, and the files that $DETAILS names.
run_suite() {
    local suite=$1${ON_MAJOR:+, PostgreSQL $ON_MAJOR} reader=$2 status=0 started=$SECONDS log
    log=${suite//,/}
    log=$WORK/${log// /_}.log
    shift 2
    "$@" >"$log" 2>&1 </dev/null || status=$?
    "$reader" "$log" "$status" "$suite" >"$log.results"
    if ! grep -q '^failed' "$log.results"; then
        [ "$status" -eq 0 ] || printf 'failed\texit status %s\n' "$status" >>"$log.results"
        [ -s "$log.results" ] || printf 'failed\tno test was run\n' >"$log.results"
    fi
    report_suite "$suite" "$((SECONDS - started))" "$log" >"$log.report"
    # Two builds are tested side by side: each writes its lines in one go.
    flock "$RESULTS" cat "$log.report"
    awk -F '\t' -v OFS='\t' -v suite="$suite" '{ print $1, $2, $3, suite }' "$log.results" |
        flock "$RESULTS" tee -a "$RESULTS" >/dev/null
}

report_suite() {
    echo "$1: $(count "$3.results") ($2 s)"
    grep -q '^failed' "$3.results" || return 0
    sed -n 's/^failed\t\([^\t]*\).*/    FAILED: \1/p' "$3.results"
    failures_in "$3" | show "${3##*/}" tail
    [ ! -s "${DETAILS:-}" ] || show "${DETAILS##*/}" head <"$DETAILS"
}

# How many tests of a file of results did what.
count() {
    awk -F '\t' '{ n[$1]++ } END { printf "%d passed, %d failed, %d skipped\n", n["passed"], n["failed"], n["skipped"] }' "$1"
}

# A log without the tests that passed, and without what was said on the way to them.
failures_in() {
    awk '
        function said() { for (i = n > 40 ? n - 40 : 0; i < n; i++) print line[i]; n = 0 }
        /^ +Start +[0-9]+: |   Passed +[0-9.]+ sec$|^(test .*\.\.\. )?ok / { n = after = 0; next }
        { line[n++] = $0 }
        /^not ok |^test .*\.\.\. |\*\*\*/ { said(); after = 1; next }
        after && /^#/ { said() }
        !/^#/ { after = 0 }
        END { said() }' "$1"
}

# show TITLE head|tail: one end of what is on standard input. It may be millions of lines.
show() {
    echo "---- $1, $2:"
    { "$2" -n 200; cat >/dev/null; } | cut -c 1-300
    echo "----"
}

# What was skipped: one line for each suite and reason.
list_skipped() {
    sort -t $'\t' -k 4,4 -k 3,3 -s "$RESULTS" | awk -F '\t' '
        $1 != "skipped" { next }
        { key = $4 ": " ($3 == "" ? "no reason given" : $3) }
        key != last { if (last != "") print "skipped: " last ": " names; names = ""; last = key }
        { names = names (names == "" ? "" : ", ") $2 }
        END { if (last != "") print "skipped: " last ": " names }'
}

# print_totals STATUS: what a run ends with. One that was broken off counts as a failed test.
# Returns whether all tests passed.
print_totals() {
    if [ "$1" -ne 0 ] && ! grep -q '^failed' "$RESULTS"; then
        echo "FAILED: the run was broken off, exit status $1"
        printf 'failed\tbroken off\t\trun\n' >>"$RESULTS"
    fi
    if [ -z "${RESULTS_FILE:-}" ]; then
        list_skipped
        echo "totals: $(count "$RESULTS")"
    fi
    ! grep -q '^failed' "$RESULTS"
}
