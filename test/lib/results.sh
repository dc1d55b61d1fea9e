# shellcheck shell=bash
# Counts test results. To be sourced by scripts/test.
#
# A reader turns the log of a test runner into lines of three fields, separated by tabs: passed,
# failed or skipped; the name of the test; the reason it was skipped for.

PASSED=0
FAILED=0
SKIPPED=0
REASONS=() # of what was skipped: suite, reason and name, separated by tabs

# record SUITE: counts the results on standard input.
record() {
    local outcome name reason
    while IFS=$'\t' read -r outcome name reason; do
        case $outcome in
            passed) PASSED=$((PASSED + 1)) ;;
            failed)
                FAILED=$((FAILED + 1))
                echo "    FAILED: $name"
                ;;
            skipped)
                SKIPPED=$((SKIPPED + 1))
                REASONS+=("$1"$'\t'"${reason:-no reason given}"$'\t'"$name")
                ;;
        esac
    done
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
        /^[^ ]+\.pl \.\./ { program = $1; sub(/ \.\..*/, "", program) }
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

# run_suite SUITE READER COMMAND...: runs the command, which must not read its input, and counts
# what it did. A suite that fails, and one that ran nothing, counts as a failed test at least; then
# its log is shown, and each of the files that $DETAILS names.
run_suite() {
    local suite=$1 reader=$2 status=0 started=$SECONDS passed=$PASSED failed=$FAILED skipped=$SKIPPED
    local log=$WORK/$1.log file
    shift 2
    log=${log// /_}
    printf '%s ... ' "$suite"
    "$@" >"$log" 2>&1 </dev/null || status=$?
    echo "done ($((SECONDS - started)) s)"
    record "$suite" < <("$reader" "$log" "$status" "$suite")
    if [ "$FAILED" -eq "$failed" ]; then
        if [ "$status" -ne 0 ]; then
            record "$suite" <<<$'failed\t'"$suite: exit status $status"
        elif [ $((PASSED + SKIPPED)) -eq $((passed + skipped)) ]; then
            record "$suite" <<<$'failed\t'"$suite: no test was run"
        fi
    fi
    if [ "$FAILED" -ne "$failed" ]; then
        for file in "$log" ${DETAILS:-}; do
            show_end "$file"
        done
    fi
    echo "    $((PASSED - passed)) passed, $((FAILED - failed)) failed, $((SKIPPED - skipped)) skipped"
}

# The end of a log, without the tests that passed: a whole log may be millions of lines.
show_end() {
    [ -s "$1" ] || return 0
    echo "---- the end of ${1#"$WORK"/}:"
    { grep -avE '^ +Start +[0-9]+: |   Passed +[0-9.]+ sec$|^(test .*\.\.\. )?ok ' "$1" || true; } | tail -n 200
    echo "----"
}

# What was skipped, one line for each suite and reason.
print_reasons() {
    [ "$SKIPPED" -eq 0 ] || printf '%s\n' "${REASONS[@]}" | sort -s -t $'\t' -k 1,2 | awk -F '\t' '
        { key = $1 ": " $2 }
        key != last { if (NR > 1) print "skipped: " last ": " names; names = ""; last = key }
        { names = names (names == "" ? "" : ", ") $3 }
        END { print "skipped: " last ": " names }'
}

# The last thing of a run, however it ends: lists what was skipped and prints the line of totals.
# A run that was broken off counts as a failed test. To be called with the exit status so far;
# returns the one to end with.
print_totals() {
    [ "$1" -eq 0 ] || [ "$FAILED" -gt 0 ] || record run <<<$'failed\t'"the run was broken off: exit status $1"
    print_reasons
    echo "totals: $PASSED passed, $FAILED failed, $SKIPPED skipped"
    [ "$FAILED" -eq 0 ]
}
