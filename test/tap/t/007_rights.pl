# Nobody needs more rights than for the rows that he writes, and nobody gains any.
use strict;
use warnings;

use FindBin;
use lib "$FindBin::RealBin/../lib";
use PositionTelemetry;
use Test::More;

my $node = new_cluster('rights');
query($node, <<'SQL');
  CREATE ROLE trader LOGIN;
  CREATE ROLE writer LOGIN;
  CREATE ROLE thief LOGIN;
  CREATE ROLE accomplice LOGIN;
  CREATE DATABASE desk OWNER trader;
SQL
my @superuser = (database => 'desk');
my @trader = (database => 'desk', user => 'trader');
my @writer = (database => 'desk', user => 'writer');
my @thief = (database => 'desk', user => 'thief');
my @accomplice = (database => 'desk', user => 'accomplice');

# ---------------------------------------------------------------- who installs

query($node, 'CREATE EXTENSION position_telemetry', @trader);
attach_ok($node, 'public', @trader, name => 'the owner of a database installs and attaches');
verify_ok($node, 'public', 'and every object is in place', @trader);
is(query($node, <<'SQL', @superuser), 'trader', 'what attach() makes belongs to him');
  SELECT DISTINCT pg_get_userbyid(owner)
    FROM (SELECT relowner FROM pg_class WHERE relnamespace = 'public'::regnamespace
           UNION ALL SELECT proowner FROM pg_proc WHERE pronamespace = 'public'::regnamespace) AS made (owner)
SQL

# ------------------------------------------------------------------ the writer

my $position = '(id, ticker, instrument_type, side, quantity, entry_price, entry_time, status, account_name)';
query($node, <<"SQL", @trader);
  GRANT INSERT, UPDATE ON active_positions TO writer;
  GRANT SELECT (id, status) ON active_positions TO writer;
SQL
query($node, <<"SQL", @writer);
  INSERT INTO active_positions $position
  SELECT n, 'T' || n, 'STOCK', 'long', 10, 100, '2026-02-02 14:30+00', 'open', 'writer' FROM generate_series(1, 6) AS n;
  UPDATE active_positions SET current_price = 110;
  UPDATE active_positions SET last_mark_price = 95 WHERE status = 'open' AND id < 6;
  UPDATE active_positions SET last_mark_price = 'NaN' WHERE id = 2;
  UPDATE active_positions SET status = 'closed', current_price = 105, close_reason = 'take_profit' WHERE id IN (1, 2, 3);
  UPDATE active_positions SET fees = 2 WHERE id = 1;
  UPDATE active_positions SET status = 'open' WHERE id = 3;
  INSERT INTO active_positions $position VALUES (7, 'T7', 'STOCK', 'short', 10, 100, '2026-02-02 14:30+00', 'closed', 'writer');
SQL
is(query($node, 'SELECT position_id, pnl_pct, net_pnl_dollars, mfe_pct, mae_pct FROM position_history ORDER BY 1', @trader),
  "1|5.00000000|48.00000000|10.00000000|-5.00000000\n2|5.00000000|50.00000000|10.00000000|-5.00000000\n7|||0.00000000|0.00000000",
  'a writer with rights on active_positions alone marks and closes, and history is there');
is(query($node, 'SELECT kind, position_id FROM telemetry_events ORDER BY kind', @trader), "rejected_mark|2\nsuperseded_history|3",
  'so is what is logged');

foreach my $statement (
  'SELECT FROM position_history', "INSERT INTO position_history (ticker) VALUES ('FORGED')", 'UPDATE position_history SET pnl_pct = 100',
  'DELETE FROM position_history', 'TRUNCATE position_history', 'SELECT FROM telemetry_events',
  "INSERT INTO telemetry_events (kind) VALUES ('forged')", 'DELETE FROM telemetry_events', 'SELECT FROM telemetry_settings',
  q{UPDATE telemetry_settings SET value = '"ignore"'}, "INSERT INTO exit_reason_map VALUES ('x', 'tp', 'TAKE_PROFIT')",
  'DELETE FROM active_positions', 'TRUNCATE active_positions', 'ALTER TABLE active_positions DISABLE TRIGGER USER',
  "SELECT position_telemetry_sync('{1}', '{}', '{}', '{}')", "SELECT position_telemetry.attach('public')",
  "SELECT position_telemetry.detach('public')", "SELECT position_telemetry.backfill_history('public')",
  "SELECT position_telemetry.correct_excursion(1, 200, 1, 'mine')") {
  is(sqlstate($node, $statement, @writer), '42501', "the writer is refused: $statement");
}

# The session is the writer's, what the extension makes of his rows is not.
my $extremes = 'SELECT best_unrealized_pnl_pct, worst_unrealized_pnl_pct, mfe_price, mae_price FROM active_positions WHERE id = 6';
foreach my $intent ('', 'correction', 'fill') {
  query($node, <<"SQL", @writer);
    SELECT set_config('position_telemetry.intent', '$intent', false);
    UPDATE active_positions SET best_unrealized_pnl_pct = 999, worst_unrealized_pnl_pct = 0, mfe_price = 999, mae_price = 100 WHERE id = 6
SQL
  is(query($node, $extremes, @trader), '10.00000000|0.00000000|110.00000000|110.00000000', "the writer's word on extremes is not taken, whatever he sets ('$intent')");
}
my $logged = query($node, 'SELECT * FROM telemetry_events ORDER BY id', @trader);
query($node, <<'SQL', @writer);
  SELECT set_config('position_telemetry.queue_' || 'active_positions'::regclass::oid || '_0', 'r1 r4 c4 e1 o1', false),
         set_config('position_telemetry.queue_' || 'active_positions'::regclass::oid, '5', false);
  UPDATE active_positions SET current_price = 101 WHERE id = 5
SQL
is(query($node, 'SELECT * FROM telemetry_events ORDER BY id', @trader), $logged, 'the writer cannot have logged what has not happened');
archive_ok($node, 'public', 'nor archive what is not closed', @superuser);

# ------------------------------------------------------------------- the thief

# Puts a copy of every trigger on a table of the thief's, as far as he may.
sub copy_triggers {
  my ($target, @as) = @_;
  my $triggers = query($node, <<"SQL", @superuser);
    SELECT regexp_replace(pg_get_triggerdef(oid), ' ON public.active_positions', ' ON $target')
      FROM pg_trigger WHERE tgrelid = 'public.active_positions'::regclass AND NOT tgisinternal ORDER BY tgname
SQL
  my @made;
  foreach my $trigger (split(/\n/, $triggers),
    "CREATE TRIGGER z1 AFTER INSERT OR UPDATE ON $target FOR EACH STATEMENT EXECUTE FUNCTION position_telemetry.write_changes()",
    "CREATE TRIGGER z2 AFTER INSERT OR UPDATE ON $target FOR EACH ROW EXECUTE FUNCTION position_telemetry.collect_change()") {
    my $state = sqlstate($node, $trigger, @as);
    push @made, $trigger if $state eq '';
    is($state, '42501', "refused to others: $trigger") if $trigger =~ /FUNCTION public\./;
  }
  return @made;
}

# Everything that the triggers might be made to archive, log or rewrite, under the
# ids of somebody else's positions.
sub do_mischief {
  my ($target, @as) = @_;
  foreach my $statement (
    "INSERT INTO $target $position SELECT n, 'STOLEN', 'STOCK', 'long', 1, 1, now(), 'open', 'thief' FROM generate_series(1, 7) AS n",
    "UPDATE $target SET current_price = 99",
    "UPDATE $target SET last_mark_price = 'NaN'",
    "UPDATE $target SET status = 'closed', exit_price = 99, close_reason = 'STOLEN'",
    "UPDATE $target SET fees = 97, exit_price = 98",
    "UPDATE $target SET status = 'open'",
    "UPDATE $target SET status = 'closed'",
    "INSERT INTO $target $position VALUES (4, 'STOLEN', 'STOCK', 'long', 1, 1, now(), 'closed', 'thief')",
    "DELETE FROM $target",
    "INSERT INTO $target $position VALUES (5, 'STOLEN', 'STOCK', 'long', 1, 1, now(), 'open', 'thief')",
    "DELETE FROM $target",
    "TRUNCATE $target") {
    error_of($node, $statement, @as);
  }
  return;
}

query($node, 'CREATE SCHEMA thief AUTHORIZATION thief; GRANT CREATE ON SCHEMA public TO thief', @superuser);
my $untouched = snapshot($node, 'public', @superuser);
foreach my $target ('thief.active_positions', 'public.other_positions') {
  query($node, "CREATE TABLE $target (LIKE public.active_positions INCLUDING DEFAULTS); ALTER TABLE $target OWNER TO thief", @superuser);
  cmp_ok(scalar copy_triggers($target, @thief), '>=', 3, "$target has triggers that call our functions");
  do_mischief($target, @thief);
  query($node, "DROP TABLE $target", @superuser);
  unchanged_ok(snapshot($node, 'public', @superuser), $untouched, "triggers on $target touch nobody else's rows");
}

# Attaching a schema of his own gives him an archive of his own.
attach_ok($node, 'thief', @thief, name => 'anybody attaches a schema of his own');
do_mischief('thief.active_positions', @thief);
cmp_ok(query($node, 'SELECT count(*) FROM thief.position_history', @thief), '>', 0, 'and archives there');
unchanged_ok(snapshot($node, 'public', @superuser), $untouched, 'and nowhere else');
is(sqlstate($node, "SELECT position_telemetry.attach('public')", @thief), '42501', "nobody attaches another's tables");

# A schema in which others may create: what they planted there before attach() must
# not come to act with the rights of whoever attaches.
query($node, <<'SQL', @superuser);
  CREATE SCHEMA shared;
  GRANT USAGE, CREATE ON SCHEMA shared TO thief;
  GRANT USAGE ON SCHEMA shared TO accomplice;
  CREATE SCHEMA accomplice AUTHORIZATION accomplice;
SQL
my @trigger_functions = split /\n/, query($node, "SELECT proname FROM pg_proc WHERE pronamespace = 'public'::regnamespace
                                                   AND prorettype = 'trigger'::regtype AND proname LIKE 'position_telemetry%'", @superuser);
foreach my $function (@trigger_functions) {
  is(sqlstate($node, "CREATE TRIGGER mine BEFORE INSERT ON thief.active_positions FOR EACH ROW EXECUTE FUNCTION public.$function()", @thief),
    '42501', "refused to others: $function() as a trigger");
  query($node, <<"SQL", @thief);
    CREATE FUNCTION shared.$function() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END';
    GRANT EXECUTE ON FUNCTION shared.$function() TO accomplice
SQL
}
error_of($node, "SELECT position_telemetry.attach('shared')", @superuser);
query($node, 'CREATE TABLE accomplice.active_positions (LIKE public.active_positions INCLUDING DEFAULTS);
              ALTER TABLE accomplice.active_positions OWNER TO accomplice', @superuser);
my $forging = <<"SQL";
  CREATE TRIGGER forge AFTER DELETE ON accomplice.active_positions REFERENCING OLD TABLE AS gone
    FOR EACH STATEMENT EXECUTE FUNCTION shared.position_telemetry_delete();
  INSERT INTO accomplice.active_positions $position VALUES (1, 'FORGED', 'STOCK', 'long', 1, 1, now(), 'open', 'accomplice');
  DELETE FROM accomplice.active_positions
SQL
error_of($node, $forging, @accomplice);
my $archive = query($node, "SELECT to_regclass('shared.position_history')", @superuser);
is($archive && query($node, 'SELECT ticker FROM shared.position_history', @superuser), '',
  'a planted function does not let others write to an archive');

# The schema of the extension, made by somebody else before CREATE EXTENSION, with
# an operator that fits our expressions better than the server's own.
query($node, 'CREATE DATABASE bazaar OWNER trader; GRANT CREATE ON DATABASE bazaar TO thief');
query($node, <<'SQL', database => 'bazaar', user => 'thief');
  CREATE SCHEMA position_telemetry;
  GRANT ALL ON SCHEMA position_telemetry TO PUBLIC;
  CREATE FUNCTION position_telemetry.trojan(integer, numeric) RETURNS numeric LANGUAGE sql RETURN 0;
  CREATE OPERATOR position_telemetry.* (LEFTARG = integer, RIGHTARG = numeric, FUNCTION = position_telemetry.trojan);
SQL
my $refusal = sqlstate($node, 'CREATE EXTENSION position_telemetry', database => 'bazaar');
is($refusal || query($node, 'SELECT position_telemetry.pnl_dollars(1, 100, 110, 10, 1)', database => 'bazaar'), $refusal || '100.00000000',
  "a planted operator does not become part of the extension's expressions");

# ---------------------------------------------------------- row-level security

query($node, <<"SQL", @trader);
  INSERT INTO active_positions $position VALUES (20, 'OTHER', 'STOCK', 'long', 1, 100, '2026-02-02 14:30+00', 'open', 'somebody');
  INSERT INTO active_positions $position
  SELECT n, 'RLS', 'STOCK', 'long', 1, 100, '2026-02-02 14:30+00', 'open', 'writer' FROM generate_series(21, 24) AS n;
  ALTER TABLE active_positions ENABLE ROW LEVEL SECURITY;
  ALTER TABLE position_history ENABLE ROW LEVEL SECURITY;
  ALTER TABLE telemetry_events ENABLE ROW LEVEL SECURITY;
  CREATE POLICY own_positions ON active_positions USING (account_name = current_user);
SQL
query($node, "UPDATE active_positions SET current_price = 120 WHERE id >= 20;
              UPDATE active_positions SET last_mark_price = 'NaN' WHERE id = 22;
              UPDATE active_positions SET status = 'closed', close_reason = 'eod' WHERE id IN (20, 21, 22)", @writer);
is(query($node, 'SELECT id, status, best_unrealized_pnl_pct FROM active_positions WHERE id BETWEEN 20 AND 22 ORDER BY 1', @superuser),
  "20|open|0.00000000\n21|closed|20.00000000\n22|closed|20.00000000", 'row-level security hides from a writer what is not his');
archive_ok($node, 'public', 'and what he closes is archived behind it', @superuser);

# Where the owner is subject to it too, a position that he cannot see may stay
# open, but is not closed without being archived.
query($node, 'ALTER TABLE active_positions FORCE ROW LEVEL SECURITY', @trader);
error_of($node, "UPDATE active_positions SET status = 'closed' WHERE id = 23", @writer);
is(query($node, <<'SQL', @superuser), '', 'a position that its owner cannot see is not closed without being archived');
  SELECT status FROM active_positions
   WHERE id = 23 AND status = 'closed' AND NOT EXISTS (SELECT FROM position_history WHERE position_id = 23)
SQL
query($node, 'ALTER TABLE active_positions NO FORCE ROW LEVEL SECURITY; ALTER TABLE position_history FORCE ROW LEVEL SECURITY', @trader);
is(sqlstate($node, "UPDATE active_positions SET status = 'closed' WHERE id = 24", @writer), '42501',
  'a history that its owner may not write to refuses the closing');
is(query($node, 'SELECT status FROM active_positions WHERE id = 24', @superuser), 'open', 'and the position stays open');
query($node, "ALTER TABLE position_history NO FORCE ROW LEVEL SECURITY; ALTER TABLE position_history DISABLE ROW LEVEL SECURITY;
              ALTER TABLE active_positions DISABLE ROW LEVEL SECURITY; DROP POLICY own_positions ON active_positions", @trader);

# --------------------------------------------------------- hostile search_path

# Functions, operators and tables of the names we use, found before the real ones.
query($node, <<'SQL', @trader);
  CREATE SCHEMA hostile;
  CREATE FUNCTION hostile.make(name text, arguments text, result text) RETURNS void LANGUAGE plpgsql SET search_path = pg_catalog AS $make$
  BEGIN
    EXECUTE format('CREATE FUNCTION hostile.%I(%s) RETURNS %s LANGUAGE plpgsql AS $$ BEGIN RAISE ''hostile function called''; END $$',
                   name, arguments, result);
  END $make$;
  SELECT hostile.make(f.name, f.arguments, f.result) FROM (VALUES
    ('lower', 'text', 'text'), ('upper', 'text', 'text'), ('replace', 'text, text, text', 'text'), ('btrim', 'text', 'text'),
    ('abs', 'numeric', 'numeric'), ('round', 'numeric, integer', 'numeric'), ('floor', 'numeric', 'numeric'), ('now', '', 'timestamptz'),
    ('clock_timestamp', '', 'timestamptz'), ('format', 'text, VARIADIC text[]', 'text'), ('quote_ident', 'text', 'text'),
    ('quote_ident', 'name', 'text'), ('to_regclass', 'text', 'regclass'), ('to_jsonb', 'anyelement', 'jsonb'),
    ('cardinality', 'bigint[]', 'integer'), ('cardinality', 'anyarray', 'integer'), ('current_setting', 'text, boolean', 'text'),
    ('set_config', 'text, text, boolean', 'text'), ('position_telemetry_sync', 'bigint[], bigint[], bigint[], bigint[]', 'void'),
    ('direction', 'text, numeric', 'integer'), ('is_closed', 'text', 'boolean'), ('pnl_pct', 'integer, numeric, numeric', 'numeric'))
    AS f (name, arguments, result);
  DO $do$
  DECLARE
    o record;
  BEGIN
    FOR o IN SELECT * FROM (VALUES ('=', 'numeric', 'numeric', 'boolean'), ('<', 'numeric', 'numeric', 'boolean'),
        ('>', 'numeric', 'numeric', 'boolean'), ('>=', 'numeric', 'numeric', 'boolean'), ('<>', 'numeric', 'numeric', 'boolean'),
        ('=', 'text', 'text', 'boolean'), ('<>', 'text', 'text', 'boolean'), ('=', 'bigint', 'bigint', 'boolean'),
        ('=', 'integer', 'bigint', 'boolean'), ('=', 'text', 'varchar', 'boolean'), ('=', 'varchar', 'varchar', 'boolean'),
        ('+', 'numeric', 'numeric', 'numeric'), ('-', 'numeric', 'numeric', 'numeric'), ('*', 'numeric', 'numeric', 'numeric'),
        ('*', 'integer', 'numeric', 'numeric'), ('/', 'numeric', 'numeric', 'numeric'), ('||', 'text', 'text', 'text'),
        ('>', 'numeric', 'integer', 'boolean'), ('<', 'numeric', 'integer', 'boolean'), ('=', 'timestamptz', 'timestamptz', 'boolean'),
        ('<', 'timestamptz', 'timestamptz', 'boolean'), ('-', 'timestamptz', 'timestamptz', 'interval')) AS v (name, l, r, result) LOOP
      EXECUTE format('SELECT hostile.make(%L, %L, %L)', 'op_' || md5(o::text), o.l || ', ' || o.r, o.result);
      EXECUTE format('CREATE OPERATOR hostile.%s (LEFTARG = %s, RIGHTARG = %s, FUNCTION = hostile.%I)', o.name, o.l, o.r, 'op_' || md5(o::text));
    END LOOP;
  END $do$;
  CREATE TABLE hostile.active_positions (LIKE public.active_positions INCLUDING DEFAULTS);
  CREATE TABLE hostile.position_history (LIKE public.position_history INCLUDING DEFAULTS);
  CREATE TABLE hostile.telemetry_events (LIKE public.telemetry_events INCLUDING DEFAULTS);
  CREATE TABLE hostile.telemetry_settings (LIKE public.telemetry_settings);
  CREATE TABLE hostile.exit_reason_map (LIKE public.exit_reason_map);
SQL
my $hostile_path = <<'SQL';
  CREATE TEMPORARY TABLE active_positions (LIKE public.active_positions);
  CREATE TEMPORARY TABLE position_history (LIKE public.position_history);
  CREATE TEMPORARY TABLE telemetry_events (LIKE public.telemetry_events);
  SET search_path = hostile, pg_temp, public, pg_catalog;
SQL
is(error_of($node, "$hostile_path SELECT 1::numeric + 1", @trader) =~ /hostile function called/, 1, 'the hostile search_path is one');
foreach my $statement (
  "SELECT count(*) FROM position_telemetry.attach('public')",
  "INSERT INTO public.active_positions $position
   SELECT n, 'HOSTILE', 'STOCK', 'long', 10, 100, '2026-02-02 14:30+00', 'open', 'trader' FROM generate_series(41, 46) AS n",
  "UPDATE public.active_positions SET current_price = 90 WHERE ticker OPERATOR(pg_catalog.=) 'HOSTILE'",
  "SELECT position_telemetry.apply_marks(ARRAY['HOSTILE'], ARRAY[120.0])",
  q{SELECT position_telemetry.apply_marks('{"HOSTILE": 119}'::jsonb)},
  "SELECT position_telemetry.apply_quotes(ARRAY['HOSTILE'], ARRAY[100.0], ARRAY[110.0], ARRAY[NULL::numeric])",
  q{SELECT position_telemetry.apply_quotes('{"symbols": ["HOSTILE"], "bids": [100], "asks": [110], "lasts": [null]}'::jsonb)},
  "UPDATE public.active_positions SET last_mark_price = 'NaN' WHERE id OPERATOR(pg_catalog.=) 41::bigint",
  "UPDATE public.active_positions SET status = 'closed', close_reason = 'Take_Profit' WHERE id OPERATOR(pg_catalog.=) 41::bigint",
  "UPDATE public.active_positions SET fees = 1 WHERE id OPERATOR(pg_catalog.=) 41::bigint",
  "UPDATE public.active_positions SET status = 'closed' WHERE id OPERATOR(pg_catalog.=) 42::bigint",
  "UPDATE public.active_positions SET status = 'open' WHERE id OPERATOR(pg_catalog.=) 42::bigint",
  "SELECT position_telemetry.close_position(43, 104, 'stop_loss')",
  "SELECT position_telemetry.correct_excursion(44, 110, 95, 'bad tick')",
  "DELETE FROM public.active_positions WHERE id OPERATOR(pg_catalog.=) 45::bigint",
  'SELECT position_telemetry.backfill_history()', "SELECT position_telemetry.purge_closed('1 year')",
  'SELECT count(*) FROM position_telemetry.verify() WHERE NOT ok',
  "SELECT position_telemetry.pnl_dollars(1, 100, 101, 10, 100), position_telemetry.mark_price(1, 2, 3), position_telemetry.direction('short', 1)",
  "SELECT position_telemetry.parse_occ_symbol('SPY260220C00600000'), position_telemetry.occ_symbol('SPY', '2026-02-20', 'CALL', 600)",
  'SELECT count(*) FROM public.v_open_positions_summary', 'SELECT count(*) FROM public.v_position_performance',
  'SELECT count(*) FROM public.v_position_health_check', 'SELECT count(*) FROM public.v_telemetry_health') {
  is(error_of($node, "$hostile_path $statement", @trader), '', 'under a hostile search_path: ' . $statement =~ s/\s+/ /gr);
}
is(query($node, <<'SQL', @trader), <<'ROWS' =~ s/\n\z//r, 'and all of it did what it does');
  SELECT position_id, exit_price, exit_reason, net_pnl_dollars, mfe_price, mae_price FROM position_history WHERE position_id BETWEEN 41 AND 45 ORDER BY 1
SQL
41|105.00000000|tp|49.00000000|120.00000000|90.00000000
43|104.00000000|sl|40.00000000|120.00000000|90.00000000
45|105.00000000|deleted|50.00000000|120.00000000|90.00000000
ROWS
is(query($node, 'SELECT id, best_unrealized_pnl_pct, worst_unrealized_pnl_pct FROM active_positions WHERE id IN (44, 46) ORDER BY 1', @trader),
  "44|10.00000000|-5.00000000\n46|20.00000000|-10.00000000", 'to the rows it was meant for');
is(query($node, 'SELECT (SELECT count(*) FROM hostile.active_positions) + (SELECT count(*) FROM hostile.position_history)
                        + (SELECT count(*) FROM hostile.telemetry_events)', @trader), 0, 'and to no others');

done_testing();
