# The script for pg_tle on a server without pg_tle: functions of the same names and
# arguments, as its first release had them, take down what is registered, and files made
# of that stand for what pg_tle shows to CREATE EXTENSION. What pg_tle itself does with
# it is tested in 005_pg_tle.pl.
use strict;
use warnings;

use FindBin;
use lib "$FindBin::RealBin/..", "$FindBin::RealBin/../../tap/lib";
use Builds;
use PositionTelemetry;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = new_server('pg_tle_script');
query($node, 'CREATE ROLE desk LOGIN');
my @desk = (user => 'desk');
my $script = script_of('tle');
my $version = current_version();

new_database($node, 'fresh', 'portable');
query($node, 'CREATE EXTENSION position_telemetry', database => 'fresh');
attach_ok($node, 'public', database => 'fresh', name => 'a schema attached by the portable build of the file system');
trade($node, 'fresh');

sub new_managed {
  my ($database) = @_;
  new_database($node, $database);
  query($node, <<'SQL', database => $database);
    CREATE SCHEMA pgtle;
    CREATE TABLE pgtle.script (name text, from_version text, version text, text text, UNIQUE (name, from_version, version));
    CREATE TABLE pgtle.default_version (name text PRIMARY KEY, version text);
    CREATE FUNCTION pgtle.install_extension(name text, version text, description text, ext text, requires text[] DEFAULT NULL)
    RETURNS boolean LANGUAGE sql AS $$
      INSERT INTO pgtle.default_version VALUES (name, version);
      INSERT INTO pgtle.script VALUES (name, '', version, ext) RETURNING true $$;
    CREATE FUNCTION pgtle.install_update_path(name text, fromvers text, tovers text, ext text)
    RETURNS boolean LANGUAGE sql AS $$
      INSERT INTO pgtle.script VALUES (name, fromvers, tovers, ext) RETURNING true $$;
    CREATE FUNCTION pgtle.set_default_version(name text, version text)
    RETURNS boolean LANGUAGE sql AS $$
      UPDATE pgtle.default_version d SET version = $2 WHERE d.name = $1 RETURNING true $$;
    CREATE FUNCTION pgtle.available_extension_versions(OUT name name, OUT version text)
    RETURNS SETOF record LANGUAGE sql AS $$
      SELECT s.name, s.version FROM pgtle.script s WHERE s.from_version = '' UNION
      SELECT s.name, s.version FROM pgtle.script s $$;
    GRANT USAGE ON SCHEMA pgtle TO desk;
    GRANT ALL ON ALL TABLES IN SCHEMA pgtle TO desk;
    GRANT CREATE ON SCHEMA public TO desk;
SQL
  query($node, "GRANT CREATE ON DATABASE $database TO desk", database => $database);
  return $database;
}

# What is registered in a database, as extensions that its new sessions find. pg_tle
# writes a control file that says no schema.
sub offer_registered {
  my ($database) = @_;
  my $directory = PostgreSQL::Test::Utils::tempdir() . "/registered_in_$database";
  my $extensions = $directory . $node->config_data('--sharedir') . '/extension';
  system('mkdir', '-p', $extensions) == 0 or die "cannot make $extensions";
  foreach my $line (split /\n/, registered_in($database)) {
    my ($name, $from, $version, $default) = split /\|/, $line;
    my $script = join '--', grep { $_ ne '' } $name, $from, $version;
    my $text = query($node, "SELECT text FROM pgtle.script WHERE (name, from_version, version) = ('$name', '$from', '$version')",
      database => $database);
    write_file("$extensions/$script.sql", $text);
    write_file("$extensions/$name.control", "default_version = '$default'\nsuperuser = false\nrelocatable = false\n");
  }
  return use_files($node, $database, $directory);
}

sub write_file {
  my ($file, $text) = @_;
  unlink $file;
  return append_to_file($file, $text);
}

sub registered_in {
  my ($database) = @_;
  return query($node, "SELECT s.name, s.from_version, s.version, d.version FROM pgtle.script s JOIN pgtle.default_version d USING (name) ORDER BY 1, 2, 3",
    database => $database);
}

section 'new' => sub {
  new_managed('new');
  psql_ok($node, 'new', $script, 'a role that is no superuser registers', @desk);
  is(registered_in('new'), "position_telemetry||$version|$version", 'one version is registered, and is the default');
  is(query($node, "SELECT text FROM pgtle.script", database => 'new') =~ s/^\n|\s+\z//gr, slurp_file(script_of('install portable')) =~ s/\s+\z//r,
    'the script that arrived is the install script, to the letter');
  psql_ok($node, 'new', $script, 'registering again is no error', @desk);
  is(registered_in('new'), "position_telemetry||$version|$version", 'registering again: nothing has changed');
  offer_registered('new');
  query($node, "CREATE EXTENSION position_telemetry; SELECT position_telemetry.attach('public')", database => 'new', @desk);
  trade($node, 'new', @desk);
  same_catalog_ok($node, 'new', 'fresh', 'new');
  life_goes_on_ok($node, 'new', 'new', @desk);
};

section 'update' => sub {
  my $released = script_of('install portable', version => '1.0.0', modules => "$FindBin::RealBin/../../released/1.0.0");
  new_managed('old');
  query($node, "SELECT pgtle.install_extension('position_telemetry', '1.0.0', '', \$released\$" . slurp_file($released) . '$released$)',
    database => 'old', @desk);
  offer_registered('old');
  query($node, 'CREATE SCHEMA position_telemetry; CREATE EXTENSION position_telemetry SCHEMA position_telemetry', database => 'old', @desk);
  query($node, "SELECT position_telemetry.attach('public')", database => 'old', @desk);
  trade($node, 'old', @desk);
  my $rows = snapshot($node, 'public', database => 'old');
  psql_ok($node, 'old', $script, 'where 1.0.0 is registered, the way from there is', @desk);
  is(registered_in('old'), "position_telemetry||1.0.0|$version\nposition_telemetry|1.0.0|$version|$version",
    'the earlier version stays registered, this one is the default');
  offer_registered('old');
  query($node, "BEGIN; ALTER EXTENSION position_telemetry UPDATE; SELECT position_telemetry.attach('public'); COMMIT", database => 'old', @desk);
  same_catalog_ok($node, 'old', 'fresh', 'updated');
  unchanged_ok(snapshot($node, 'public', database => 'old'), $rows, 'updated: no row has changed');
  life_goes_on_ok($node, 'old', 'updated', @desk);
};

section 'a name with a prefix' => sub {
  new_managed('prefix');
  psql_ok($node, 'prefix', $script, 'registered under a name with a prefix', @desk, options => [ '-v', 'name=acme@position_telemetry' ]);
  is(registered_in('prefix'), "acme\@position_telemetry||$version|$version", 'that name, and no other, is registered');
  offer_registered('prefix');
  query($node, "CREATE EXTENSION \"acme\@position_telemetry\"; SELECT position_telemetry.attach('public')", database => 'prefix', @desk);
  trade($node, 'prefix', @desk);
  same_catalog_ok($node, 'prefix', 'fresh', 'with a prefix');
};

section 'refusals' => sub {
  new_managed('later');
  query($node, "SELECT pgtle.install_extension('position_telemetry', '9.0.0', '', 'SELECT 1')", database => 'later', @desk);
  like(psql_error($node, 'later', $script, @desk), qr/ERROR:  55000: a version later than .* is registered.*HINT:/s, 'an earlier script is refused');
  is(registered_in('later'), 'position_telemetry||9.0.0|9.0.0', 'refused: nothing has changed');
  new_database($node, 'without');
  like(psql_error($node, 'without', $script, @desk), qr/ERROR:  55000: pg_tle is not in database "without".*HINT:/s, 'and one without pg_tle');
};

done_testing();
