# What the tests of both builds share: databases of one server that have different
# builds, and what is in them.
#
# Environment: NATIVE_DESTDIR and PORTABLE_DESTDIR are where `make install DESTDIR=`
# put the two builds. The servers find the library of the native one.
package Builds;

use strict;
use warnings;

use Cwd 'abs_path';
use Exporter 'import';
use File::Basename;
use PositionTelemetry;
use PostgreSQL::Test::Utils;
use Test::More;

our @EXPORT = qw(has_pg_tle current_version next_project new_database use_files files_of script_of psql_ok psql_error catalog_of attached_catalog_of
  same_catalog_ok differences_of trade life_goes_on_ok dump_ok);

my $project = abs_path(dirname(__FILE__) . '/../..');

# No Debian suite has pg_tle: tests that need it are skipped where nobody installed it.
sub has_pg_tle {
  my ($share) = map { s/\n//r } qx(pg_config --sharedir);
  return -e "$share/extension/pg_tle.control";
}

# The directory of a build's control and SQL files.
sub files_of {
  my ($build) = @_;
  return ($build eq 'native' ? $ENV{NATIVE_DESTDIR} : $ENV{PORTABLE_DESTDIR}) // die "where is the $build build?";
}

# An empty database that finds the files of a build, or of an installation directory
# given instead of its name, or no files of ours.
sub new_database {
  my ($node, $name, $files, %as) = @_;
  query($node, "CREATE DATABASE $name" . ($as{owner} ? " OWNER $as{owner}" : ''));
  use_files($node, $name, $files // '');
  return $name;
}

# From now on new sessions of the database find these files, as after installing
# them over the others.
sub use_files {
  my ($node, $database, $files) = @_;
  my $directory = $files =~ m{/|^$} ? $files : files_of($files);
  return query($node, "ALTER DATABASE $database SET extension_destdir = '$directory'");
}

sub current_version {
  my ($version) = slurp_file("$project/position_telemetry.control") =~ /default_version = '(.*?)'/;
  return $version;
}

# A copy of the project in a version that is not there yet: a type that has a column
# more, which takes a step, and a function more.
sub next_project {
  my ($version) = @_;
  my $copy = PostgreSQL::Test::Utils::tempdir() . "/$version";
  my $current = current_version();
  system("mkdir '$copy' && cp -r '$project/src' '$project/scripts' '$copy' && sed 's/$current/$version/'"
      . " '$project/position_telemetry.control' >'$copy/position_telemetry.control'") == 0 or die 'cannot copy the project';
  append_to_file("$copy/src/update/$current--$version.sql", "ALTER TYPE position_telemetry.mark_result ADD ATTRIBUTE note text;\n");
  append_to_file("$copy/src/sql/99_next.sql",
    "CREATE FUNCTION position_telemetry.next() RETURNS integer LANGUAGE sql IMMUTABLE RETURN 9;\n");
  return $copy;
}

# Runs scripts/assemble and returns the file that its output is in. of: the project, or
# VERSION and MODULES, when not the current ones.
my $scripts = 0;

sub script_of {
  my ($kind, %of) = @_;
  my $file = PostgreSQL::Test::Utils::tempdir() . '/script_' . ++$scripts . '.sql';
  local $ENV{VERSION} = $of{version} if $of{version};
  local $ENV{MODULES} = $of{modules} if $of{modules};
  my $assemble = ($of{project} // $project) . '/scripts/assemble';
  system("'$assemble' $kind >'$file'") == 0 or die "scripts/assemble $kind failed";
  return $file;
}

sub _psql {
  my ($node, $database, $file, %as) = @_;
  my ($stdout, $stderr) = ('', '');
  my @user = $as{user} ? (connstr => $node->connstr($database) . " user=$as{user}") : ();
  my $status = $node->psql($database, undef, @user, stdout => \$stdout, stderr => \$stderr,
    extra_params => [ '-q', '-v', 'VERBOSITY=verbose', '-f', $file, @{ $as{options} // [] } ]);
  return ($status, $stdout, $stderr);
}

# Runs a file in psql as a person would; as: user, options.
sub psql_ok {
  my ($node, $database, $file, $name, %as) = @_;
  local $Test::Builder::Level = $Test::Builder::Level + 1;
  my ($status, $stdout, $stderr) = _psql($node, $database, $file, %as);
  return is($status . $stderr, '0', $name);
}

# What psql says, with SQLSTATE, when the file fails; '' when it does not.
sub psql_error {
  my ($node, $database, $file, %as) = @_;
  my ($status, $stdout, $stderr) = _psql($node, $database, $file, %as);
  return $status == 0 ? '' : $stderr;
}

# The public side of the extension in a database, one line for each object: names,
# arguments with their defaults, results, volatility and the like, comments, rights.
sub catalog_of {
  my ($node, $database) = @_;
  return query($node, <<'SQL', database => $database);
    SET search_path = pg_catalog;
    SELECT format('%s %s(%s) returns %s', CASE p.prokind WHEN 'a' THEN 'aggregate' ELSE 'function' END, p.proname,
                  pg_get_function_arguments(p.oid), pg_get_function_result(p.oid))
           || CASE p.provolatile WHEN 'i' THEN ' immutable' WHEN 's' THEN ' stable' ELSE ' volatile' END
           || CASE p.proparallel WHEN 's' THEN ' parallel safe' ELSE '' END
           || CASE WHEN p.proisstrict AND p.prokind <> 'a' THEN ' strict' ELSE '' END
           || CASE WHEN p.prosecdef THEN ' security definer' ELSE '' END
           || coalesce(' ' || p.proacl::text, '')
           || coalesce(' combines ' || (a.aggcombinefn <> 0)::text, '')
           || ': ' || coalesce(replace(obj_description(p.oid, 'pg_proc'), E'\n', ' '), 'no comment')
      FROM pg_proc p LEFT JOIN pg_aggregate a ON a.aggfnoid = p.oid
     WHERE p.pronamespace = 'position_telemetry'::regnamespace
    UNION ALL
    SELECT format('type %s (%s): %s', t.typname,
                  (SELECT string_agg(g.attname || ' ' || format_type(g.atttypid, g.atttypmod), ', ' ORDER BY g.attnum)
                     FROM pg_attribute g WHERE g.attrelid = t.typrelid AND NOT g.attisdropped),
                  coalesce(obj_description(t.oid, 'pg_type'), 'no comment'))
      FROM pg_type t WHERE t.typnamespace = 'position_telemetry'::regnamespace AND t.typelem = 0
    UNION ALL
    SELECT format('relation %s', c.relname) FROM pg_class c
     WHERE c.relnamespace = 'position_telemetry'::regnamespace AND c.relkind <> 'c'
    UNION ALL
    SELECT format('operator %s', o.oprname) FROM pg_operator o WHERE o.oprnamespace = 'position_telemetry'::regnamespace
    UNION ALL
    SELECT 'usage for public' FROM pg_namespace n, aclexplode(n.nspacl) a
     WHERE n.nspname = 'position_telemetry' AND a.grantee = 0 AND a.privilege_type = 'USAGE'
     ORDER BY 1
SQL
}

# What attach() made in schema public, one line for each object.
sub attached_catalog_of {
  my ($node, $database) = @_;
  return query($node, <<'SQL', database => $database);
    SET search_path = pg_catalog;
    SELECT format('column %s.%s %s default %s', c.relname, a.attname, format_type(a.atttypid, a.atttypmod),
                  pg_get_expr(d.adbin, d.adrelid))
      FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
      LEFT JOIN pg_attrdef d ON d.adrelid = c.oid AND d.adnum = a.attnum
     WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'v')
    UNION ALL
    SELECT 'index ' || pg_get_indexdef(i.indexrelid) FROM pg_index i JOIN pg_class c ON c.oid = i.indrelid
     WHERE c.relnamespace = 'public'::regnamespace
    UNION ALL
    SELECT format('constraint %s %s', n.conname, pg_get_constraintdef(n.oid)) FROM pg_constraint n
     WHERE n.connamespace = 'public'::regnamespace
    UNION ALL
    SELECT format('trigger %s enabled %s', pg_get_triggerdef(t.oid), t.tgenabled) FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid
     WHERE c.relnamespace = 'public'::regnamespace AND NOT t.tgisinternal
    UNION ALL
    SELECT format('function %s%s', p.oid::regprocedure, CASE WHEN p.prosecdef THEN ' security definer' ELSE '' END) FROM pg_proc p
     WHERE p.pronamespace = 'public'::regnamespace
    UNION ALL
    SELECT format('view %s %s: %s', c.relname, md5(pg_get_viewdef(c.oid)), obj_description(c.oid, 'pg_class')) FROM pg_class c
     WHERE c.relnamespace = 'public'::regnamespace AND c.relkind = 'v'
     ORDER BY 1
SQL
}

# The lines that only one of two texts has, each with a sign in front.
sub differences_of {
  my ($left, $right) = @_;
  my %in_left = map { $_ => 1 } split /\n/, $left;
  my %in_right = map { $_ => 1 } split /\n/, $right;
  return ((map { "-$_" } grep { !$in_right{$_} } sort keys %in_left), (map { "+$_" } grep { !$in_left{$_} } sort keys %in_right));
}

# One database has what the other has: the extension's side, and what attach() made.
sub same_catalog_ok {
  my ($node, $database, $reference, $name) = @_;
  local $Test::Builder::Level = $Test::Builder::Level + 1;
  is(join("\n", differences_of(catalog_of($node, $reference), catalog_of($node, $database))), '', "$name: the same API");
  return is(join("\n", differences_of(attached_catalog_of($node, $reference), attached_catalog_of($node, $database))),
    '', "$name: the same objects in the attached schema");
}

# A little of everything that happens to positions, in schema public; a summary in a
# table of the user's, and views of the user's that need the extension.
sub trade {
  my ($node, $database, %as) = @_;
  return query($node, <<'SQL', database => $database, %as);
    INSERT INTO active_positions (ticker, instrument_type, side, quantity, entry_price, entry_time, status, stop_loss, account_name, strategy_type)
    SELECT 'T' || n, 'STOCK', CASE WHEN n % 2 = 0 THEN 'long' ELSE 'short' END, n, 100, '2026-02-02 14:30+00', 'open', 100 - n % 3, 'main', 'momentum'
      FROM generate_series(1, 12) AS n;
    UPDATE active_positions SET current_price = entry_price * 1.07, last_mark_time = '2026-02-02 14:40+00';
    UPDATE active_positions SET current_price = entry_price * 0.96, last_mark_time = '2026-02-02 14:50+00' WHERE id % 3 = 0;
    UPDATE active_positions SET last_mark_price = 'NaN' WHERE id = 2;
    UPDATE active_positions SET status = 'closed', close_reason = 'take_profit', closed_at = '2026-02-02 15:30+00' WHERE id BETWEEN 3 AND 8;
    UPDATE active_positions SET status = 'open', exit_price = NULL, closed_at = NULL, close_reason = NULL WHERE id = 8;
    SELECT position_telemetry.apply_fill('f-1', 'SPY260220C00600000', 'buy', 2, 5.10, '2026-02-02 15:00+00', fee => 1.30);
    SELECT position_telemetry.apply_fill('f-2', 'SPY260220C00600000', 'sell', 1, 5.80, '2026-02-02 15:10+00', fee => 0.65);
    SELECT position_telemetry.compute_strategy_stats(90, '2026-02-03');
    CREATE TABLE daily_summary AS
    SELECT exit_time::date AS day, to_jsonb(position_telemetry.trade_summary(net_pnl_dollars, pnl_pct, mfe_pct, mae_pct, holding_seconds, r_multiple, exit_time)) AS summary
      FROM position_history WHERE counts_as_trade GROUP BY 1;
    CREATE VIEW my_month AS
    SELECT position_telemetry.n_trades(s) AS trades, position_telemetry.net_pnl(s) AS net, round(position_telemetry.percentile(s, 0.5)::numeric, 8) AS median
      FROM (SELECT position_telemetry.rollup(jsonb_populate_record(NULL::position_telemetry.trade_summary, summary)) AS s FROM daily_summary) AS m;
    CREATE VIEW my_moments AS SELECT round(position_telemetry.stddev(position_telemetry.central_moments(pnl_pct::float8))::numeric, 8) AS spread FROM position_history;
    CREATE VIEW my_board AS SELECT ticker, mfe_pct FROM v_open_positions_summary
SQL
}

# Marks, closings and fills go on, and say the same in every build.
sub life_goes_on_ok {
  my ($node, $database, $name, %as) = @_;
  local $Test::Builder::Level = $Test::Builder::Level + 1;
  return is(query($node, <<'SQL', database => $database, %as), <<'ROWS' =~ s/\n\z//r, "$name: marks, closings, fills and views go on");
    SET timezone = 'UTC';
    UPDATE active_positions SET current_price = 112, last_mark_time = '2026-02-02 15:40+00' WHERE id IN (1, 2);
    UPDATE active_positions SET status = 'closed', close_reason = 'trailing_stop', current_price = 101, last_mark_time = '2026-02-02 15:50+00',
                                closed_at = '2026-02-02 15:50+00' WHERE id IN (1, 2);
    SELECT position_id, pnl_pct, best_unrealized_pnl_pct, worst_unrealized_pnl_pct, r_multiple, exit_reason FROM position_history
     WHERE position_id IN (1, 2) ORDER BY 1;
    SELECT action FROM position_telemetry.apply_fill('f-2', 'SPY260220C00600000', 'sell', 1, 5.80, '2026-02-02 15:10+00', fee => 0.65);
    SELECT action FROM position_telemetry.apply_fill('f-3', 'SPY260220C00600000', 'sell', 1, 4.90, '2026-02-02 16:00+00', fee => 0.65);
    SELECT pnl_dollars, net_pnl_dollars FROM position_history WHERE option_symbol IS NOT NULL;
    DELETE FROM active_positions WHERE id = 9;
    SELECT exit_reason FROM position_history WHERE position_id = 9;
    SELECT * FROM my_month;
    SELECT * FROM my_moments;
    SELECT count(*), max(mfe_pct) FROM my_board;
    SELECT position_telemetry.compute_strategy_stats(90, '2026-02-03') > 0
SQL
1|-1.00000000|0.00000000|-12.00000000|-1.00000000|trail
2|1.00000000|12.00000000|0.00000000|0.50000000|trail
duplicate
closed
50.00000000|47.40000000
deleted
5|-68.00000000|-4.00000000
5.25151502
4|7.00000000
t
ROWS
}

# Dumps a database into a file; options as of pg_dump.
sub dump_ok {
  my ($node, $database, @options) = @_;
  local $Test::Builder::Level = $Test::Builder::Level + 1;
  my $file = PostgreSQL::Test::Utils::tempdir() . "/$database.sql";
  $node->command_ok([ 'pg_dump', '-h', $node->host, '-p', $node->port, "--file=$file", @options, $database ], "$database is dumped");
  return $file;
}

1;
