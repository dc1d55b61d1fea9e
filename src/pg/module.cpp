#include "attached_table.hpp"
#include "change_triggers.hpp"

extern "C" {
PG_MODULE_MAGIC;

void _PG_init(void);
}

void _PG_init(void) {
  position_telemetry::register_table_cache();
  position_telemetry::register_change_queue();
}
