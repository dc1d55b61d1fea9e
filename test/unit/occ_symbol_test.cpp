#include "occ_symbol.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <cstdio>
#include <string>
#include <string_view>

#include "seeded_random.hpp"

namespace position_telemetry {
namespace {

// All parts in one text, so that a failure shows what was read.
std::string parts(std::string_view text) {
  const auto symbol = parse_occ_symbol(text);
  if (!symbol) return "no symbol";
  char line[80];
  std::snprintf(line, sizeof line, "%s %04d-%02d-%02d %s %lld", symbol->root,
                symbol->year, symbol->month, symbol->day,
                symbol->is_call ? "call" : "put",
                static_cast<long long>(symbol->strike_thousandths));
  return line;
}

TEST(ParseOccSymbol, ReadsACallAndAPut) {
  EXPECT_EQ(parts("AAPL240119C00150000"), "AAPL 2024-01-19 call 150000");
  EXPECT_EQ(parts("SPY230803P00449500"), "SPY 2023-08-03 put 449500");
}

TEST(ParseOccSymbol, ReadsARootPaddedWithBlanks) {
  EXPECT_EQ(parts("AAPL  240119C00150000"), "AAPL 2024-01-19 call 150000");
  EXPECT_EQ(parts("F     240119C00012500"), "F 2024-01-19 call 12500");
  EXPECT_EQ(parts("  SPY   230803P00449500  "), "SPY 2023-08-03 put 449500");
}

TEST(ParseOccSymbol, ReadsLowerCase) {
  EXPECT_EQ(parts("aapl240119c00150000"), "AAPL 2024-01-19 call 150000");
  EXPECT_EQ(parts("spy230803p00449500"), "SPY 2023-08-03 put 449500");
}

TEST(ParseOccSymbol, ReadsRootsOfClassesAndAdjustedSeries) {
  EXPECT_EQ(parts("BRK.B 240119C00350000"), "BRK.B 2024-01-19 call 350000");
  EXPECT_EQ(parts("AAPL1 240119C00150000"), "AAPL1 2024-01-19 call 150000");
  EXPECT_EQ(parts("SPXW  240119C04800000"), "SPXW 2024-01-19 call 4800000");
}

TEST(ParseOccSymbol, ReadsTheEndsOfTheStrikeRange) {
  EXPECT_EQ(parts("F240119C00000001"), "F 2024-01-19 call 1");
  EXPECT_EQ(parts("F240119C99999999"), "F 2024-01-19 call 99999999");
}

TEST(ParseOccSymbol, TakesARootOfOneToSixCharacters) {
  EXPECT_EQ(parts("A240119C00150000"), "A 2024-01-19 call 150000");
  EXPECT_EQ(parts("ABCDEF240119C00150000"), "ABCDEF 2024-01-19 call 150000");
  EXPECT_EQ(parts("ABCDEFG240119C00150000"), "no symbol");
  EXPECT_EQ(parts("240119C00150000"), "no symbol");
  EXPECT_EQ(parts("      240119C00150000"), "no symbol");
}

TEST(ParseOccSymbol, RefusesOtherCharactersInTheRoot) {
  EXPECT_EQ(parts("AA-PL240119C00150000"), "no symbol");
  EXPECT_EQ(parts("AA PL240119C00150000"), "no symbol");
  EXPECT_EQ(parts("1AAPL240119C00150000"), "no symbol");
  EXPECT_EQ(parts(".AAPL240119C00150000"), "no symbol");
  EXPECT_EQ(parts("\xC3\x84PL240119C00150000"), "no symbol");
}

TEST(ParseOccSymbol, RefusesDaysThatNoCalendarHas) {
  for (const char* text :
       {"AAPL240019C00150000", "AAPL241319C00150000", "AAPL240100C00150000",
        "AAPL240132C00150000", "AAPL240431C00150000", "AAPL240230C00150000"})
    EXPECT_EQ(parts(text), "no symbol") << text;
}

TEST(ParseOccSymbol, KnowsLeapYears) {
  EXPECT_EQ(parts("AAPL240229C00150000"), "AAPL 2024-02-29 call 150000");
  EXPECT_EQ(parts("AAPL230229C00150000"), "no symbol");
  EXPECT_EQ(parts("AAPL000229C00150000"), "AAPL 2000-02-29 call 150000");
  EXPECT_EQ(parts("AAPL990228C00150000"), "AAPL 2099-02-28 call 150000");
}

TEST(ParseOccSymbol, RefusesAnotherRightThanCallOrPut) {
  EXPECT_EQ(parts("AAPL240119X00150000"), "no symbol");
  EXPECT_EQ(parts("AAPL240119 00150000"), "no symbol");
}

TEST(ParseOccSymbol, RefusesWhatIsNoDigitInDateAndStrike) {
  EXPECT_EQ(parts("AAPL24O119C00150000"), "no symbol");
  EXPECT_EQ(parts("AAPL-40119C00150000"), "no symbol");
  EXPECT_EQ(parts("AAPL240119C0015000."), "no symbol");
  EXPECT_EQ(parts("AAPL240119C+0150000"), "no symbol");
}

TEST(ParseOccSymbol, RefusesATextOfTheWrongLength) {
  EXPECT_EQ(parts(""), "no symbol");
  EXPECT_EQ(parts("   "), "no symbol");
  EXPECT_EQ(parts("AAPL"), "no symbol");
  EXPECT_EQ(parts("AAPL240119C0015000"), "no symbol");
  EXPECT_EQ(parts("AAPL240119C001500000"), "no symbol");
  EXPECT_EQ(parts("AAPL240119C00150000X"), "no symbol");
}

TEST(ParseOccSymbol, ReadsAViewThatIsNotTerminated) {
  const std::string_view longer = "AAPL240119C001500001234";
  EXPECT_EQ(parts(longer.substr(0, 19)), "AAPL 2024-01-19 call 150000");
}

OccSymbol random_symbol(SeededRandom& random) {
  static constexpr char kFirst[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ";
  static constexpr char kRest[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.";
  OccSymbol symbol{};
  const auto length = random.between(1, 6);
  symbol.root[0] = kFirst[random.between(0, sizeof kFirst - 2)];
  for (std::int64_t i = 1; i < length; ++i)
    symbol.root[i] = kRest[random.between(0, sizeof kRest - 2)];
  using namespace std::chrono;
  const sys_days first = year(2000) / January / 1;
  const year_month_day date = first + days(random.between(0, 36'524));
  symbol.year = static_cast<int>(date.year());
  symbol.month = static_cast<int>(static_cast<unsigned>(date.month()));
  symbol.day = static_cast<int>(static_cast<unsigned>(date.day()));
  symbol.is_call = random.one_in(2);
  symbol.strike_thousandths = random.between(0, 99'999'999);
  return symbol;
}

std::string written(const OccSymbol& symbol, bool padded) {
  char text[40];
  std::snprintf(text, sizeof text,
                padded ? "%-6s%02d%02d%02d%c%08lld" : "%s%02d%02d%02d%c%08lld",
                symbol.root, symbol.year - 2000, symbol.month, symbol.day,
                symbol.is_call ? 'C' : 'P',
                static_cast<long long>(symbol.strike_thousandths));
  return text;
}

TEST(ParseOccSymbol, ReadsBackEverySymbolThatCanBeWritten) {
  SeededRandom random;
  for (int i = 0; i < 20'000; ++i) {
    const OccSymbol symbol = random_symbol(random);
    for (const bool padded : {false, true}) {
      const std::string text = written(symbol, padded);
      const auto read = parse_occ_symbol(text);
      ASSERT_TRUE(read) << text;
      ASSERT_STREQ(read->root, symbol.root) << text;
      ASSERT_EQ(written(*read, padded), text);
    }
  }
}

TEST(ParseOccSymbol, SurvivesAnyBytes) {
  SeededRandom random;
  for (int i = 0; i < 50'000; ++i) {
    std::string text = written(random_symbol(random), random.one_in(2));
    const auto changes = random.between(1, 3);
    for (std::int64_t j = 0; j < changes; ++j)
      text[static_cast<std::size_t>(
          random.between(0, static_cast<std::int64_t>(text.size()) - 1))] =
          static_cast<char>(random.between(0, 255));
    const auto read = parse_occ_symbol(text);
    if (read) {
      ASSERT_GE(read->month, 1) << text;
      ASSERT_LE(read->month, 12) << text;
      ASSERT_LE(read->strike_thousandths, 99'999'999) << text;
    }
  }
}

}  // namespace
}  // namespace position_telemetry
