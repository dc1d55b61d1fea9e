"""Sends the same random statements to both builds and compares what comes of them. See run.sh."""

import argparse
import os
import random
import sys

import psycopg2

import calls
import compare
import shapes
import writers
from builds import Builds
from tally import Tally
from world import World

STATEMENTS_PER_SCHEMA = 800
SCENARIOS_PER_REFRESH = 4
MISSING_DRAWN = 20000
MISSING_SENT = 2000
# The first is not meant to be the same, the others need pg_cron.
UNREACHABLE = {"build", "schedule_nightly_stats", "unschedule_nightly_stats"}


class Difference(Exception):
    """The two builds are not the same; says how."""


class Run:
    def __init__(self, builds, options):
        self.builds = builds
        self.seed = options.seed
        self.length = options.statements
        self.every = options.every
        self.tally = Tally()
        self.schemas = 0

    # -------------------------------------------------------------- statements

    def send(self, statement):
        """One statement, to both; returns what the native build made of it."""
        native, portable = self.builds.run(statement.sql)
        self.tally.count(statement, native)
        what = compare.different(self.builds, statement, native, portable)
        if what:
            raise Difference("\n".join([what, statement.sql] + compare.shown(self.builds, native, portable)))
        return native

    def play(self, scenario):
        for statement in scenario:
            self.send(statement)

    def play_in_transaction(self, world, scenarios):
        """Some scenarios in one transaction, some of them in savepoints that are rolled back."""
        rng = world.rng
        self.send(writers.Statement("begin", "BEGIN"))
        for depth, scenario in enumerate(scenarios):
            self.send(writers.Statement("savepoint", "SAVEPOINT s%d" % depth))
            for statement in scenario:
                if not self.send(statement).succeeded:
                    self.send(writers.Statement("rollback to", "ROLLBACK TO s%d" % depth))
                    break
            else:
                if rng.random() < 0.3:
                    self.send(writers.Statement("rollback to", "ROLLBACK TO s%d" % rng.randint(0, depth)))
                    break
                if rng.random() < 0.3:
                    self.send(writers.Statement("release", "RELEASE s%d" % depth))
                    break
        self.send(writers.Statement("end", rng.choice(["COMMIT", "COMMIT", "COMMIT", "ROLLBACK"])))

    def play_as_writer(self, world, scenario):
        """A scenario with the rights that the README says a writer needs."""
        self.send(writers.Statement("set role", "SET ROLE %s" % shapes.WRITER))
        for statement in scenario:
            self.send(statement)
            self.tally.as_writer += 1
        self.send(writers.Statement("set role", "SET ROLE %s" % world.owner))

    # ----------------------------------------------------------------- schemas

    def new_world(self):
        rng = random.Random("%s/%d" % (self.seed, self.schemas))
        shape = shapes.SHAPES[(self.schemas + self.seed) % len(shapes.SHAPES)]
        self.schemas += 1
        name = "differential_%d" % self.schemas
        self.builds.both(lambda build: build.keep_all_versions())
        world = World(rng, name, shape, shapes.random_options(rng), rng.choice(["differential_owner", "differential_owner", "none"]))
        shapes.create(self.builds, name, shape, world.owner)
        self.builds.prepare("SET timezone = '%s'" % rng.choice(["UTC", "America/New_York", "Asia/Tokyo"]))
        self.builds.prepare("SET search_path = %s" % rng.choice(["public", name]))
        return world

    def attach(self, world):
        options = shapes.options_literal(world.options)
        self.send(writers.Statement("attach", "SELECT * FROM position_telemetry.attach('%s', %s)" % (world.name, options)))
        self.send(writers.Statement("verify", "SELECT * FROM position_telemetry.verify('%s')" % world.name))
        shapes.grant(self.builds, world.name)
        shapes.leave_alone(self.builds, world.name)

    def change_setup(self, world):
        """The tables and the settings change while they are in use."""
        draw = world.rng.random()
        if draw < 0.3:
            world.options = dict(world.options, **{k: v for k, v in shapes.random_options(world.rng).items() if k != "timestamp_zone"})
            self.attach(world)
        elif draw < 0.5:
            self.send(writers.Statement("detach", "SELECT * FROM position_telemetry.detach('%s')" % world.name))
            self.play(writers.open_position(world))
            self.play(writers.manager_close(world))
            self.attach(world)
        elif draw < 0.75:
            self.send(writers.Statement("alter table", "ALTER TABLE %s.active_positions ADD COLUMN extra_%d integer DEFAULT 7" % (world.name, world.number())))
        else:
            self.send(writers.Statement("attach badly", "SELECT * FROM position_telemetry.attach('%s', %s)" % (world.name, world.rng.choice(
                ["""'{"nonsense": 1}'""", """'{"on_delete": "never"}'""", """'{"breakeven_band_pct": -1}'""", "'[]'", "NULL"]))))

    def compare_states(self, world):
        lines = compare.different_state(self.builds, world.name)
        if lines:
            raise Difference("\n".join(["state of %s (%s), %s" % (world.name, world.shape.name, world.options)] + lines[:30]))

    def play_schema(self):
        world = self.new_world()
        self.attach(world)
        shapes.add_handlers(self.builds, world)
        weighted = writers.SCENARIOS + calls.SCENARIOS
        weights, scenarios = [weight for weight, _ in weighted], [scenario for _, scenario in weighted]
        end = min(self.length, self.tally.statements + STATEMENTS_PER_SCHEMA)
        draws, next_state = 0, self.tally.statements
        while self.tally.statements < end:
            if draws % SCENARIOS_PER_REFRESH == 0:
                world.refresh(self.builds.native)
            draws += 1
            self.play_something(world, [scenario(world) for scenario in world.rng.choices(scenarios, weights, k=4)])
            if self.tally.statements >= next_state:
                self.compare_states(world)
                next_state = self.tally.statements + self.every
        self.compare_states(world)
        self.play_missing(world)
        self.send(writers.Statement("detach", "SELECT * FROM position_telemetry.detach('%s')" % world.name))
        self.builds.prepare("RESET ROLE")
        self.builds.prepare("DROP SCHEMA %s CASCADE" % world.name)

    def play_missing(self, world):
        """At the end, whatever has not been called so that it succeeded: every public function is part of the comparison."""
        if self.tally.statements < self.length:
            return
        drawn = sent = 0
        while self.tally.missing() and drawn < MISSING_DRAWN and sent < MISSING_SENT:
            drawn += 1
            scenario = list(world.rng.choice(calls.RARE)(world))
            if any(self.tally.missing() & self.tally.functions_in(statement) for statement in scenario):
                sent += len(scenario)
                self.play(scenario)
                world.refresh(self.builds.native)

    def play_something(self, world, scenarios):
        draw = world.rng.random()
        if draw < 0.12:
            self.play_in_transaction(world, scenarios)
        elif draw < 0.22:
            self.play_as_writer(world, scenarios[0])
        elif draw < 0.225:
            self.change_setup(world)
        else:
            self.play(scenarios[0])

    def play_all(self):
        for build in (self.builds.native, self.builds.portable):
            prepare_database(build)
        self.tally.public = public_functions(self.builds.native) - UNREACHABLE
        while self.tally.statements < self.length:
            self.play_schema()


def prepare_database(build):
    build.query("SET client_min_messages = error")
    build.query("""DO $$ BEGIN CREATE ROLE differential_owner; EXCEPTION WHEN duplicate_object THEN NULL; END $$""")
    build.query("""DO $$ BEGIN CREATE ROLE differential_writer; EXCEPTION WHEN duplicate_object THEN NULL; END $$""")
    build.query("CREATE EXTENSION IF NOT EXISTS position_telemetry")
    build.query("DO $$ BEGIN EXECUTE format('GRANT CREATE ON DATABASE %I TO differential_owner', current_database()); END $$")
    build.query("SET client_min_messages = notice")
    name = build.query("SELECT position_telemetry.build()")[0][0]
    if name != build.name:
        raise SystemExit("the %s database has the %s build" % (build.name, name))


def public_functions(build):
    return {row[0] for row in build.query("""
        SELECT p.proname FROM pg_proc p WHERE p.pronamespace = 'position_telemetry'::regnamespace AND p.prorettype <> 'trigger'::regtype
          AND obj_description(p.oid, 'pg_proc') NOT LIKE 'Internal:%'""")}


def play(run):
    """The run; returns the first difference, or None."""
    try:
        run.play_all()
    except Difference as difference:
        return str(difference)
    except psycopg2.OperationalError as lost:
        return "a connection is lost: %s" % lost
    return None


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--statements", type=int, default=2000)
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(10**6))
    parser.add_argument("--every", type=int, default=60, help="compare all rows of all tables after so many statements")
    options = parser.parse_args()
    print("# seed %d" % options.seed, flush=True)
    run = Run(Builds(os.environ["NATIVE_DSN"], os.environ["PORTABLE_DSN"]), options)
    difference = play(run)
    run.tally.report()
    if difference:
        show(run, difference)
    print("%s differential: %d statements over %d schemas, seed %d, %d differences"
          % ("not ok" if difference else "ok", run.tally.statements, run.schemas, run.seed, 1 if difference else 0))
    sys.exit(1 if difference or not run.tally.report_functions() else 0)


def show(run, difference):
    path = os.path.join(os.environ.get("TMPDIR", "/tmp"), "differential-%d.sql" % run.seed)
    with open(path, "w", encoding="utf-8") as journal:
        journal.write(";\n".join(run.builds.journal) + ";\n")
    print("\n".join("# " + line[:1500] for line in difference.splitlines()))
    print("# after statement %d of this seed; everything that was sent, for psql: %s" % (run.tally.statements, path))


if __name__ == "__main__":
    main()
