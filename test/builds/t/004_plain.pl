# The plain script: the whole API where there is no extension, for a role that is no
# superuser; run again it mends, a later one updates, an earlier one is refused; dropping
# what it made leaves tables that can be written to.
use strict;
use warnings;

use File::Copy;
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

# A version that is not there yet: a function more, and a column more in a type.
sub next_version {
  my $project = PostgreSQL::Test::Utils::tempdir() . '/next';
  my $here = "$FindBin::RealBin/../../..";
  system("mkdir '$project' && cp -r '$here/src' '$here/scripts' '$here/position_telemetry.control' '$project'") == 0 or die 'cannot copy the project';
  my ($version) = slurp_file("$project/position_telemetry.control") =~ /default_version = '(.*?)'/;
  append_to_file("$project/src/update/$version--9.0.0.sql",
    "ALTER TYPE position_telemetry.mark_result ADD ATTRIBUTE note text;\n");
  append_to_file("$project/src/sql/99_next.sql",
    "CREATE FUNCTION position_telemetry.next() RETURNS integer LANGUAGE sql IMMUTABLE RETURN 9;\n");
  return script_of('plain', version => '9.0.0', project => $project);
}

section 'update' => sub {
  new_plain('update');
  my $rows = snapshot($node, 'public', database => 'update');
  my $next = next_version();
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
  new_database($node, 'planted', undef, owner => 'desk');
  query($node, 'CREATE ROLE mallory LOGIN; GRANT CREATE ON DATABASE planted TO mallory', database => 'planted');
  query($node, 'CREATE SCHEMA position_telemetry', database => 'planted', user => 'mallory');
  like(psql_error($node, 'planted', $script, @desk), qr/ERROR:  42501: schema "position_telemetry" belongs to role "mallory"/,
    'and where the schema is another\'s');
  is(query($node, "SELECT count(*) FROM pg_proc WHERE pronamespace = 'position_telemetry'::regnamespace", database => 'planted'), 0, 'nothing is half done');
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
