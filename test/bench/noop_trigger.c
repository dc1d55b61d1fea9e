/*
 * A row trigger in C that does nothing: what PostgreSQL itself charges for
 * having one. The benchmark's measure for the mark trigger.
 */
#include "postgres.h"

#include "commands/trigger.h"
#include "fmgr.h"

PG_MODULE_MAGIC;

PG_FUNCTION_INFO_V1(noop_trigger);

Datum
noop_trigger(PG_FUNCTION_ARGS)
{
	TriggerData *trigger = (TriggerData *) fcinfo->context;

	return PointerGetDatum(trigger->tg_newtuple);
}
