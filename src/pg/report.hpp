// The second half of guarded(): what it caught is reported to PostgreSQL here,
// when no C++ object is alive any more.
#pragma once

#include "../core/guarded.hpp"
#include "postgres_api.hpp"

namespace position_telemetry {

// Returns when guarded() caught nothing.
inline void report_failure(const CoreError& error) {
  switch (error.failure) {
    case Failure::kNone:
      return;
    case Failure::kOutOfMemory:
      ereport(ERROR, (errcode(ERRCODE_OUT_OF_MEMORY), errmsg("out of memory")));
    case Failure::kInternal:
      ereport(ERROR, (errcode(ERRCODE_INTERNAL_ERROR),
                      errmsg("position_telemetry: %s", error.message)));
  }
}

}  // namespace position_telemetry
