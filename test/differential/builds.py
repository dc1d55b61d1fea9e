"""The two databases, one of each build. Both get a statement at the same time."""

import bisect
import concurrent.futures
import dataclasses
import datetime
import re
import time

import psycopg2
import psycopg2.extensions

# Every value arrives as the text that the server sent: nothing is rounded on the way.
AS_TEXT = psycopg2.extensions.new_type(tuple(psycopg2.extensions.string_types), "AS_TEXT", lambda value, cursor: value)

TIMESTAMP = re.compile(r"(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d:\d\d(?:\.\d+)?)([+-]\d\d(?::\d\d)?)?")
# A time that is so long ago that it was counted from now; and from when on generate_recommendations() looked.
LONG_AGO = re.compile(r"""("holding_seconds": )\d{8,}|("holding_minutes": )\d{6,}|(learning_trades\(')[^']*""")
HELD = re.compile(r'("holding_(?:seconds|minutes)": )\d+')
# By so many hours a time of now can be off that went through a column without zone.
OFFSETS = sorted(range(-14, 15), key=abs)


@dataclasses.dataclass
class Outcome:
    sqlstate: str
    message: str = ""
    columns: list = dataclasses.field(default_factory=list)  # (name, type oid)
    rows: list = dataclasses.field(default_factory=list)
    notices: list = dataclasses.field(default_factory=list)

    @property
    def succeeded(self):
        return self.sqlstate == "00000"


class Clock:
    """Knows in which statement a time of the run was taken. Times before the run stay as they are."""

    def __init__(self):
        self.starts = []

    def tick(self):
        self.starts.append(time.time())

    def tokenise(self, text):
        """The text with every time of the run replaced by the number of its statement."""
        if text is None or not self.starts:
            return text
        text = TIMESTAMP.sub(self._token, text)
        if '"entry_time": "<' in text:
            text = HELD.sub(r'\1"not long"', text)
        return LONG_AGO.sub(lambda m: m.group(m.lastindex) + ("" if m.lastindex == 3 else '"long ago"'), text)

    def _token(self, match):
        day = datetime.datetime.fromtimestamp(self.starts[0], datetime.timezone.utc).date()
        # Only a day or two around the run can hold a time of it.
        if abs((datetime.date.fromisoformat(match.group(1)) - day).days) > 2:
            return match.group(0)
        moment = datetime.datetime.fromisoformat(match.group(1) + " " + match.group(2) + (match.group(3) or ""))
        if moment.tzinfo is None:
            moment = moment.replace(tzinfo=datetime.timezone.utc)
        for offset in OFFSETS:
            seconds = moment.timestamp() - 3600 * offset
            if self.starts[0] <= seconds <= time.time():
                return "<statement %d>" % bisect.bisect_right(self.starts, seconds)
        return match.group(0)


class Build:
    """One build's database."""

    def __init__(self, name, dsn):
        self.name = name
        self.clock = Clock()
        self.keeper = psycopg2.connect(dsn)
        self.connection = psycopg2.connect(dsn, options="-c statement_timeout=2min -c datestyle=ISO,YMD -c intervalstyle=postgres")
        self.connection.autocommit = True
        psycopg2.extensions.register_type(AS_TEXT, self.connection)

    def keep_all_versions(self):
        """Keeps the server from reusing the room of dead rows from here on: when it does depends on what goes on in
        other databases, and then statements on many rows would meet them in another order in the one and in the other."""
        self.keeper.rollback()
        self.keeper.set_session(isolation_level="REPEATABLE READ")
        with self.keeper.cursor() as cursor:
            cursor.execute("SELECT 1")

    def run(self, sql):
        self.clock.tick()
        del self.connection.notices[:]
        with self.connection.cursor() as cursor:
            try:
                cursor.execute(sql)
            except psycopg2.Error as error:
                if error.pgcode is None:
                    raise
                return Outcome(error.pgcode, error.diag.message_primary, notices=self._notices())
            if cursor.description is None:
                return Outcome("00000", rows=[(str(cursor.rowcount),)], notices=self._notices())
            columns = [(column.name, column.type_code) for column in cursor.description]
            return Outcome("00000", "", columns, cursor.fetchall(), self._notices())

    def query(self, sql):
        """Rows of a question of the test's own, which is no statement of the run."""
        with self.connection.cursor() as cursor:
            cursor.execute(sql)
            return cursor.fetchall() if cursor.description else []

    def neutral(self, message):
        """A message without what tells the two databases apart."""
        return self.clock.tokenise(message).replace(self.connection.info.dbname, "<database>")

    def _notices(self):
        return sorted(notice.split(":")[0] for notice in self.connection.notices)


class Builds:
    """Both, in lock step. What they were sent is kept, so that it can be played again with psql."""

    def __init__(self, native_dsn, portable_dsn):
        self.native = Build("native", native_dsn)
        self.portable = Build("portable", portable_dsn)
        self.workers = concurrent.futures.ThreadPoolExecutor(max_workers=2)
        self.journal = []

    def both(self, action):
        """What the action gives for each build; the two run at the same time."""
        return tuple(self.workers.map(action, (self.native, self.portable)))

    def run(self, sql):
        self.journal.append(sql)
        return self.both(lambda build: build.run(sql))

    def prepare(self, sql):
        """A statement that must succeed on both, and of which nothing is compared."""
        for outcome in self.run(sql):
            if not outcome.succeeded:
                raise SystemExit("%s: %s" % (sql, outcome.message))
