// The only place where C++ exceptions stop: core code that may throw is called
// through guarded(), which never does. It allocates nothing and keeps the first
// characters of the message in a buffer of the caller's; the caller reports it
// to PostgreSQL afterwards, when no C++ object is alive any more.
#pragma once

#include <cstdio>
#include <exception>
#include <new>

namespace position_telemetry {

enum class Failure { kNone, kOutOfMemory, kInternal };

struct CoreError {
  Failure failure;
  char message[200];
};

template <class Work>
CoreError guarded(Work&& work) noexcept {
  CoreError error{Failure::kNone, ""};
  try {
    work();
  } catch (const std::bad_alloc&) {
    error.failure = Failure::kOutOfMemory;
  } catch (const std::exception& e) {
    error.failure = Failure::kInternal;
    std::snprintf(error.message, sizeof error.message, "%s", e.what());
  } catch (...) {
    error.failure = Failure::kInternal;
    std::snprintf(error.message, sizeof error.message, "unknown exception");
  }
  return error;
}

}  // namespace position_telemetry
