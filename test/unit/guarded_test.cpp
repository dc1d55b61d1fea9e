#include "guarded.hpp"

#include <gtest/gtest.h>

#include <new>
#include <stdexcept>
#include <string>

namespace position_telemetry {
namespace {

TEST(Guarded, RunsTheWorkAndReportsNoFailure) {
  bool ran = false;
  const CoreError error = guarded([&] { ran = true; });
  EXPECT_TRUE(ran);
  EXPECT_EQ(error.failure, Failure::kNone);
  EXPECT_STREQ(error.message, "");
}

TEST(Guarded, TellsExhaustedMemoryFromOtherFailures) {
  const CoreError error = guarded([] { throw std::bad_alloc(); });
  EXPECT_EQ(error.failure, Failure::kOutOfMemory);
}

// std::vector throws this for a length no memory could hold.
TEST(Guarded, AnArrayTooLongForMemoryIsExhaustedMemory) {
  const CoreError error = guarded([] { throw std::bad_array_new_length(); });
  EXPECT_EQ(error.failure, Failure::kOutOfMemory);
}

TEST(Guarded, KeepsTheMessageOfAStandardException) {
  const CoreError error =
      guarded([] { throw std::runtime_error("queue is broken"); });
  EXPECT_EQ(error.failure, Failure::kInternal);
  EXPECT_STREQ(error.message, "queue is broken");
}

TEST(Guarded, CutsALongMessageAtTheEndOfItsBuffer) {
  const CoreError error =
      guarded([] { throw std::runtime_error(std::string(5000, 'x')); });
  EXPECT_EQ(error.failure, Failure::kInternal);
  EXPECT_EQ(std::string(error.message),
            std::string(sizeof error.message - 1, 'x'));
}

TEST(Guarded, TakesAMessageLiterally) {
  const CoreError error = guarded([] { throw std::runtime_error("100%s%n"); });
  EXPECT_STREQ(error.message, "100%s%n");
}

TEST(Guarded, StopsWhatIsNoStandardExceptionToo) {
  const CoreError error = guarded([] { throw 42; });
  EXPECT_EQ(error.failure, Failure::kInternal);
  EXPECT_STREQ(error.message, "unknown exception");
}

TEST(Guarded, DestroysWhatTheWorkHadBuiltUp) {
  struct Witness {
    bool* destroyed;
    ~Witness() { *destroyed = true; }
  };
  bool destroyed = false;
  guarded([&] {
    const Witness witness{&destroyed};
    throw std::runtime_error("half way");
  });
  EXPECT_TRUE(destroyed);
}

TEST(Guarded, LetsNothingThroughWhateverIsThrown) {
  static_assert(noexcept(guarded([] { throw 42; })));
}

}  // namespace
}  // namespace position_telemetry
