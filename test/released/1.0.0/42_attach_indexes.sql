-- attach(): indexes.

CREATE FUNCTION position_telemetry.equivalent_index(relation regclass, is_unique boolean, columns text, predicate text)
RETURNS text
LANGUAGE sql STABLE
BEGIN ATOMIC
  SELECT c.relname::text
  FROM pg_catalog.pg_index i
  JOIN pg_catalog.pg_class c ON c.oid = i.indexrelid
  WHERE i.indrelid = relation AND i.indisvalid AND i.indisunique = is_unique
    AND i.indpred IS NULL AND predicate IS NULL AND i.indexprs IS NULL
    AND columns = (SELECT string_agg(a.attname, ', ' ORDER BY k.n)
                   FROM unnest(i.indkey::smallint[]) WITH ORDINALITY AS k (attnum, n)
                   JOIN pg_catalog.pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = k.attnum)
  ORDER BY 1 LIMIT 1;
END;
COMMENT ON FUNCTION position_telemetry.equivalent_index(regclass, boolean, text, text) IS
'Internal: a valid index that already does what one of ours would, under any name.';

CREATE FUNCTION position_telemetry.duplicates_of(relation regclass, columns text, predicate text) RETURNS text
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  listed text;
BEGIN
  EXECUTE format(
    'SELECT string_agg(d.key || '' ('' || d.n || '' rows)'', ''; '' ORDER BY d.key)
     FROM (SELECT concat_ws('', '', %1$s) AS key, count(*) AS n FROM %2$s
           WHERE %3$s AND num_nulls(%1$s) = 0 GROUP BY %1$s HAVING count(*) > 1 ORDER BY 1 LIMIT 20) d',
    columns, relation, coalesce(predicate, 'true')) INTO listed;
  RETURN listed;
END;
$$;
COMMENT ON FUNCTION position_telemetry.duplicates_of(regclass, text, text) IS
'Internal: the keys, twenty at most, that stand in the way of a unique index; null when none does.';

CREATE FUNCTION position_telemetry.attach_index(relation regclass, index_name text, is_unique boolean, definition text,
                                                predicate text)
RETURNS position_telemetry.attach_step
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  schema_name name := (SELECT n.nspname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE c.oid = relation);
  there text := coalesce((SELECT c.relname::text FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid
                          WHERE i.indrelid = relation AND c.relname = index_name AND i.indisvalid),
                         position_telemetry.equivalent_index(relation, is_unique, definition, predicate));
  statement text := format('%s ON %s (%s)%s', index_name, relation, definition, ' WHERE ' || predicate);
  duplicates text;
  many boolean;
BEGIN
  IF there IS NOT NULL THEN
    RETURN position_telemetry.step('index', index_name, 'kept', CASE WHEN there <> index_name THEN 'as ' || there END);
  END IF;
  IF is_unique AND (SELECT relkind = 'p' FROM pg_class WHERE oid = relation) THEN
    RETURN position_telemetry.step('index', index_name, 'blocked', 'a partitioned table cannot have it; the lock on the position row does its work');
  END IF;
  IF is_unique THEN
    duplicates := position_telemetry.duplicates_of(relation, definition, predicate);
    IF duplicates IS NOT NULL THEN
      RETURN position_telemetry.step('index', index_name, 'blocked', 'duplicates: ' || duplicates);
    END IF;
  END IF;
  EXECUTE format('SELECT count(*) > 100000 FROM (SELECT FROM %s LIMIT 100001) AS t', relation) INTO many;
  IF many THEN
    RETURN position_telemetry.step('index', index_name, 'pending',
               format('CREATE %sINDEX CONCURRENTLY %s;', CASE WHEN is_unique THEN 'UNIQUE ' END, statement));
  END IF;
  BEGIN
    EXECUTE format('CREATE %sINDEX %s', CASE WHEN is_unique THEN 'UNIQUE ' END, statement);
  EXCEPTION WHEN invalid_object_definition THEN
    -- The text of an enum's label is not immutable, and cannot stand in a predicate.
    EXECUTE format('CREATE INDEX %s ON %s (%s)', index_name, relation, definition);
    RETURN position_telemetry.step('index', index_name, 'created', 'for all rows: its predicate would read an enum');
  END;
  RETURN position_telemetry.step('index', index_name, 'created');
END;
$$;
COMMENT ON FUNCTION position_telemetry.attach_index(regclass, text, boolean, text, text) IS
'Internal: creates an index, or says why it must wait.';

CREATE FUNCTION position_telemetry.attach_indexes(target_schema name, target_table text)
RETURNS SETOF position_telemetry.attach_step
LANGUAGE sql
SET search_path = pg_catalog, pg_temp
AS $$
  SELECT s.* FROM position_telemetry.layout_indexes() i,
    LATERAL position_telemetry.attach_index(to_regclass(format('%I.%I', target_schema, i.table_name)), i.index_name,
                                            i.is_unique, i.definition, i.predicate) AS s
  WHERE i.table_name = target_table
$$;
COMMENT ON FUNCTION position_telemetry.attach_indexes(name, text) IS
'Internal: the indexes of one table.';

