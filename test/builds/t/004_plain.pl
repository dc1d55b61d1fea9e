# The plain script: the whole API where there is no extension, for a role that is no
# superuser; run again it mends, a later one updates, an earlier one is refused; dropping
# what it made leaves tables that can be written to.
use strict;
use warnings;

use FindBin;
use lib "$FindBin::RealBin/..", "$FindBin::RealBin/../../tap/lib";
use Builds;
use PositionTelemetry;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = new_server('plain');
query($node, 'CREATE ROLE desk LOGIN');
my @desk = (user => 'desk');
my $script = script_of('plain');

sub new_plain {
  my ($database) = @_;
  new_database($node, $database);
  query($node, "GRANT CREATE ON DATABASE $database TO desk; GRANT CREATE ON SCHEMA public TO desk", database => $database);
  psql_ok($node, $database, $script, "$database: the script installs", @desk);
  query($node, "SELECT position_telemetry.attach('public')", database => $database, @desk);
  trade($node, $database, @desk);
  return $database;
}

new_plain('fresh');
verify_ok($node, 'public', 'every object is in place', database => 'fresh', @desk);
is(query($node, 'SELECT count(*) FROM pg_extension', database => 'fresh'), 1, 'there is no extension but plpgsql');

section 'run again' => sub {
  new_plain('again');
  my $rows = snapshot($node, 'public', database => 'again');
  query($node, 'DROP FUNCTION position_telemetry.claim_event(text, text, text, text, jsonb, name)', database => 'again');
  psql_ok($node, 'again', $script, 'it can be run again', @desk);
  same_catalog_ok($node, 'again', 'fresh', 'run again');
  unchanged_ok(snapshot($node, 'public', database => 'again'), $rows, 'run again: no row has changed');
  is(query($node, "SELECT object FROM position_telemetry.attach('public') WHERE action <> 'kept'", database => 'again', @desk), '',
    'run again: attach() finds nothing to do');
  life_goes_on_ok($node, 'again', 'run again', @desk);
};

section 'dump and restore' => sub {
  new_plain('dumped');
  my $rows = snapshot($node, 'public', database => 'dumped');
  my $dump = dump_ok($node, 'dumped', '--no-privileges', '-U', 'desk');
  new_database($node, 'restored');
  query($node, 'GRANT CREATE ON DATABASE restored TO desk; GRANT CREATE ON SCHEMA public TO desk', database => 'restored');
  psql_ok($node, 'restored', $dump, 'the dump of everything is restored', @desk);
  query($node, 'GRANT USAGE ON SCHEMA position_telemetry TO PUBLIC', database => 'restored', @desk);
  unchanged_ok(snapshot($node, 'public', database => 'restored'), $rows, 'restored: the same rows');
  same_catalog_ok($node, 'restored', 'fresh', 'restored');
  is(query($node, "SELECT object FROM position_telemetry.attach('public') WHERE action <> 'kept'", database => 'restored', @desk), '',
    'restored: attach() finds nothing to do');
  life_goes_on_ok($node, 'restored', 'restored', @desk);
};

section 'update' => sub {
  new_plain('update');
  my $rows = snapshot($node, 'public', database => 'update');
  my $next = script_of('plain', project => next_project('9.0.0'));
  psql_ok($node, 'update', $next, 'a later script updates', @desk);
  is(query($node, 'SELECT position_telemetry.version(), position_telemetry.next()', database => 'update', @desk), '9.0.0|9', 'to its version and functions');
  is(query($node, "SELECT count(*) FROM pg_attribute WHERE attrelid = 'position_telemetry.mark_result'::regclass AND attname = 'note'", database => 'update'), 1,
    'with the steps that lead there');
  psql_ok($node, 'update', $next, 'and can be run again, which takes no step twice', @desk);
  unchanged_ok(snapshot($node, 'public', database => 'update'), $rows, 'update: no row has changed');
  like(psql_error($node, 'update', $script, @desk), qr/ERROR:  55000: version 9\.0\.0 is in this database.*HINT:/s, 'an earlier script is refused');
  is(query($node, 'SELECT position_telemetry.version()', database => 'update'), '9.0.0', 'and changes nothing');
};

section 'refusals' => sub {
  new_database($node, 'extension', 'portable');
  query($node, 'CREATE EXTENSION position_telemetry', database => 'extension');
  like(psql_error($node, 'extension', $script), qr/ERROR:  55000: extension "position_telemetry" is in this database.*HINT:/s,
    'where the extension is the script is refused');
  new_database($node, 'empty');
  query($node, 'CREATE ROLE mallory LOGIN; GRANT CREATE ON DATABASE empty TO mallory, desk');
  query($node, 'CREATE SCHEMA position_telemetry', database => 'empty', user => 'mallory');
  like(psql_error($node, 'empty', $script, @desk), qr/ERROR:  42501: schema "position_telemetry" belongs to role "mallory".*HINT:/s,
    'and where the schema is another\'s');
  is(query($node, "SELECT count(*) FROM pg_proc WHERE pronamespace = 'position_telemetry'::regnamespace", database => 'empty'), 0, 'nothing is half done');
  psql_ok($node, 'empty', $script, 'a superuser installs there: nothing is in the schema yet');
  is(sqlstate($node, 'CREATE FUNCTION position_telemetry.mine() RETURNS integer LANGUAGE sql RETURN 1', database => 'empty', user => 'mallory'), '42501',
    'and the schema is no longer the other\'s');
  like(psql_error($node, 'empty', $script, @desk), qr/ERROR:  42501/, 'another role cannot make again what is not its own');
};

# What somebody has put there beforehand is not run, whoever installs.
section 'a planted schema' => sub {
  new_database($node, 'planted');
  query($node, 'GRANT CREATE ON DATABASE planted TO mallory; CREATE ROLE boss LOGIN; GRANT mallory TO boss; GRANT CREATE ON DATABASE planted TO boss');
  query($node, <<'SQL', database => 'planted', user => 'mallory');
    CREATE SCHEMA position_telemetry;
    GRANT USAGE ON SCHEMA position_telemetry TO PUBLIC;
    CREATE TYPE position_telemetry.attach_step AS (step text, object text, action text, detail text);
    CREATE FUNCTION position_telemetry.version() RETURNS text LANGUAGE plpgsql AS $$
    BEGIN RAISE EXCEPTION 'planted code runs as %', current_user; END $$;
SQL
  foreach my $user (qw(postgres boss desk)) {
    like(psql_error($node, 'planted', $script, user => $user), qr/ERROR:  42501: schema "position_telemetry" belongs to role "mallory"/,
      "$user does not install over what another has made");
  }
  use_files($node, 'planted', 'portable');
  is(sqlstate($node, 'CREATE EXTENSION position_telemetry', database => 'planted'), '42501', 'nor is the extension created over it');
};

# A database may have any of the settings of old.
section 'settings' => sub {
  foreach my $how (qw(plain portable native)) {
    new_database($node, "settings_$how", $how eq 'plain' ? undef : $how);
    query($node, "ALTER DATABASE settings_$how SET standard_conforming_strings = off; ALTER DATABASE settings_$how SET quote_all_identifiers = on;
                  ALTER DATABASE settings_$how SET escape_string_warning = off");
    $how eq 'plain' ? psql_ok($node, "settings_$how", $script, 'settings of old: the script installs')
      : query($node, 'CREATE EXTENSION position_telemetry', database => "settings_$how");
    attach_ok($node, 'public', database => "settings_$how", name => "settings of old, $how: attached");
    verify_ok($node, 'public', "settings of old, $how: every object is in place", database => "settings_$how");
    trade($node, "settings_$how");
    life_goes_on_ok($node, "settings_$how", "settings of old, $how");
    like(error_of($node, 'SELECT position_telemetry.schedule_nightly_stats()', database => "settings_$how"), qr/HINT:.*psql -X -d/s,
      "settings of old, $how: the hint of the nightly statistics is whole");
    is(error_of($node, 'SELECT position_telemetry.generate_recommendations(); SELECT * FROM v_training_data', database => "settings_$how"), '',
      "settings of old, $how: what is learnt");
  }
};

section 'two at once' => sub {
  new_database($node, 'twice', undef, owner => 'desk');
  my @runs = map { start_script($node, slurp_file($script), database => 'twice', user => 'desk') } 1 .. 2;
  finish_script($_) foreach @runs;
  is(join("\n", differences_of(catalog_of($node, 'fresh'), catalog_of($node, 'twice'))), '', 'two that install at once end with one installation');
};

# DROP SCHEMA is what DROP EXTENSION would be: nothing may be left that makes a write fail.
section 'removal' => sub {
  new_plain('removal');
  query($node, 'GRANT SELECT, INSERT, UPDATE, DELETE, TRUNCATE ON active_positions TO PUBLIC; CREATE ROLE clerk LOGIN', database => 'removal');
  my %before = map { $_ => snapshot($node, $_, database => 'removal') } 'public';
  query($node, 'DROP SCHEMA position_telemetry CASCADE', database => 'removal', @desk);
  unchanged_ok(snapshot($node, 'public', database => 'removal'), $before{public}, 'dropping the schema leaves every row');
  is(query($node, 'SELECT tgname FROM pg_trigger WHERE NOT tgisinternal', database => 'removal'), '', 'and no trigger');
  is(error_of($node, <<'SQL', database => 'removal', user => 'clerk'), '', 'every kind of write goes through');
    UPDATE active_positions SET status = 'closed', current_price = 105, entry_features_json = '{"a": 1}' WHERE id = 1;
    DELETE FROM active_positions WHERE id = 2;
SQL
  psql_ok($node, 'removal', $script, 'the script brings it back', @desk);
  query($node, "SELECT position_telemetry.attach('public')", database => 'removal', @desk);
  verify_ok($node, 'public', 'and attach() what it made', database => 'removal', @desk);
  is(query($node, 'SELECT position_telemetry.backfill_history()', database => 'removal', @desk), 1, 'what was closed in between is archived');
};

done_testing();
