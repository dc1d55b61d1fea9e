"""Whether two outcomes, or the rows of two databases, are the same."""

import json
import math
import re

from writers import STUDENT

# Views show results of double precision arithmetic rounded to the eighth decimal, where the two may fall on either side.
ROUNDED = 1.0000001e-8
# A third moment that is nothing but what rounding left.
NOTHING = 1e-12
# How long ago something was is not the same a moment later.
SINCE = re.compile(r"second|minute|hold|_min$|age")
NUMBER = re.compile(r"-?\d+(?:\.\d+)?(?:[eE][-+]?\d+)?")
FLOATS = (700, 701, 1021, 1022)
JSONB = 3802
# What attach() makes in the schema where no C function can switch the user.
ONLY_PORTABLE = {"position_telemetry_write", "function position_telemetry_write"}


def close(a, b, relative, absolute):
    return a == b or abs(a - b) <= max(relative * max(abs(a), abs(b)), absolute)


def same_text(a, b, relative):
    """Texts that differ in numbers only, and in those by no more than arithmetic explains."""
    if NUMBER.sub("#", a) != NUMBER.sub("#", b):
        return False
    return all(close(float(x), float(y), relative, NOTHING) for x, y in zip(NUMBER.findall(a), NUMBER.findall(b)))


def cancelling(moments):
    """The mean and the third moment are sums in which terms of both signs may nearly cancel: what those terms are about."""
    if not moments.get("m2") or "m3" not in moments:
        return {}
    return {"mean": max(abs(moments["min"]), abs(moments["max"])), "m3": math.sqrt(moments["m2"] * moments["m4"])}


def same_json(a, b, relative, key=""):
    if isinstance(a, dict) and isinstance(b, dict):
        terms = cancelling(a)
        return list(a) == list(b) and all(same_json(a[name], b[name], relative, name)
                                          or (name in terms and abs(a[name] - b[name]) <= relative * terms[name]) for name in a)
    if isinstance(a, list) and isinstance(b, list):
        return len(a) == len(b) and all(same_json(x, y, relative, key) for x, y in zip(a, b))
    if isinstance(a, float) and isinstance(b, float):
        return close(a, b, 1e-4 if SINCE.search(key) else relative, ROUNDED if max(abs(a), abs(b)) < 1e10 else 0)
    return a == b


def read_json(text):
    return json.loads(text, parse_int=float)


def same_value(a, b, column, type_code, relative, has_clock):
    if a == b or a is None or b is None:
        return a == b
    if SINCE.search(column) and NUMBER.fullmatch(a) and NUMBER.fullmatch(b):
        return has_clock and abs(float(a) - float(b)) <= 120
    if relative and type_code == JSONB:
        return same_json(read_json(a), read_json(b), relative)
    return (relative > 0 or type_code in FLOATS) and same_text(a, b, relative)


def same_values(one, other, columns, relative):
    has_clock = any(value and "<statement" in value for value in one)
    return all(same_value(a, b, name, kind, relative, has_clock) for a, b, (name, kind) in zip(one, other, columns))


def rows_of(build, outcome, in_order=True):
    rows = [tuple(build.clock.tokenise(value) for value in row) for row in outcome.rows]
    rows = [row for row in rows if not ONLY_PORTABLE.intersection(row)]
    return rows if in_order else sorted(rows, key=repr)


def shown_rows(build, outcome, other_rows):
    """What to print of an outcome: the rows that the other build does not have."""
    rows = [row for row in rows_of(build, outcome) if row not in other_rows]
    return "%s %s %s %s" % (outcome.sqlstate, outcome.message, outcome.notices, rows[:20])


def shown(builds, native, portable):
    return ["native:   " + shown_rows(builds.native, native, rows_of(builds.portable, portable)),
            "portable: " + shown_rows(builds.portable, portable, rows_of(builds.native, native))]


def different(builds, statement, native, portable):
    """What differs between the two outcomes of a statement, or None."""
    if native.sqlstate != portable.sqlstate:
        return "SQLSTATE"
    if builds.native.neutral(native.message) != builds.portable.neutral(portable.message):
        return "message"
    if native.notices != portable.notices:
        return "notices"
    if native.columns != portable.columns and [c[0] for c in native.columns] != [c[0] for c in portable.columns]:
        return "columns"
    in_order = " RETURNING " in statement.sql
    one, other = rows_of(builds.native, native, in_order), rows_of(builds.portable, portable, in_order)
    if one == other:
        return None
    columns = native.columns or [("rows", 0)]
    if len(one) == len(other) and all(same_values(x, y, columns, statement.relative) for x, y in zip(one, other)):
        return None
    return "rows"


# ----------------------------------------------------------------------- state

TABLES = """SELECT c.relname FROM pg_class c WHERE c.relnamespace = '%s'::regnamespace AND c.relkind IN ('r', 'p') AND NOT c.relispartition
            ORDER BY c.relname COLLATE "C" """
STATISTICS = ("strategy_stats", "learning_recommendations")


def table_rows(build, schema, table):
    order = " ORDER BY id" if table not in ("alpaca_event_dedupe", "telemetry_settings", "exit_reason_map", "schema_migrations", "dispatch_executions") else ""
    rows = [build.clock.tokenise(row[0]) for row in build.query("SELECT to_jsonb(t)::text FROM %s.%s AS t%s" % (schema, table, order))]
    return rows if order else sorted(rows)


def state(build, schema):
    """Every row of every table of a schema, as JSON."""
    return {row[0]: table_rows(build, schema, row[0]) for row in build.query(TABLES % schema)}


def same_row(table, a, b):
    return a == b or (table in STATISTICS and same_json(read_json(a), read_json(b), STUDENT))


def different_state(builds, schema):
    """The rows that differ, as lines to print; none when the states are the same."""
    one, other = builds.both(lambda build: state(build, schema))
    lines = []
    if list(one) != list(other):
        return ["tables: %s" % sorted(set(one) ^ set(other))]
    for table in one:
        if one[table] != other[table]:
            lines += different_rows(table, one[table], other[table])
    return lines


def different_rows(table, one, other):
    lines = []
    if len(one) != len(other):
        lines.append("%s: native has %d rows, portable %d" % (table, len(one), len(other)))
        lines += ["  only native: %s" % row for row in one if row not in set(other)][:5]
        lines += ["  only portable: %s" % row for row in other if row not in set(one)][:5]
        return lines
    for a, b in zip(one, other):
        if not same_row(table, a, b):
            lines.append("%s: %s" % (table, different_columns(a, b)))
    return lines


def different_columns(a, b):
    native, portable = (json.loads(row, parse_float=str, parse_int=str) for row in (a, b))
    names = [name for name in native if native[name] != portable.get(name)]
    return "id %s: %s" % (native.get("id"), "; ".join("%s: native %s, portable %s" % (n, json.dumps(native[n]), json.dumps(portable.get(n))) for n in names))
