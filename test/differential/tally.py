"""What a run consisted of: so that a reader sees what was compared."""

import collections
import re
import textwrap


class Tally:
    def __init__(self):
        self.statements = 0
        self.as_writer = 0
        self.kinds = collections.Counter()
        self.failed = collections.Counter()
        self.sqlstates = collections.Counter()
        self.called = set()
        self.public = set()

    def count(self, statement, outcome):
        self.statements += 1
        self.kinds[statement.kind] += 1
        self.sqlstates[outcome.sqlstate] += 1
        if outcome.succeeded:
            self.called |= self.functions_in(statement)
        else:
            self.failed[statement.kind] += 1

    @staticmethod
    def functions_in(statement):
        return set(re.findall(r"position_telemetry\.(\w+)\(", statement.sql))

    def missing(self):
        """The public functions that no successful statement has called."""
        return self.public - self.called

    def report(self):
        failures = self.statements - self.sqlstates["00000"]
        say("%d of %d statements failed (%d %%), %d were sent with the rights of a writer"
            % (failures, self.statements, 100 * failures / max(self.statements, 1), self.as_writer))
        say("SQLSTATE: " + ", ".join("%s %d" % item for item in self.sqlstates.most_common()))
        say("kind, how many, of them failed: "
            + ", ".join("%s %d/%d" % (kind, n, self.failed[kind]) for kind, n in sorted(self.kinds.items())))

    def report_functions(self):
        """Whether every public function was compared."""
        missing = self.missing()
        print("%s differential: each of %d public functions has returned something" % ("not ok" if missing else "ok", len(self.public)))
        if missing:
            say("but for " + ", ".join(sorted(missing)))
        return not missing


def say(text):
    print(textwrap.fill(text, 120, initial_indent="# ", subsequent_indent="#   ", break_on_hyphens=False))
