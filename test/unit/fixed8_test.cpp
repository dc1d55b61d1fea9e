#include "fixed8.hpp"

#include <gtest/gtest.h>

#include <limits>

#include "decimal.hpp"
#include "seeded_random.hpp"

namespace position_telemetry {
namespace {

constexpr int kLong = 1;
constexpr int kShort = -1;
constexpr Fixed8 kHighestPrice = 9'999'999'999.99999999_f8;

// ------------------------------------------------------------- pnl_dollars

TEST(PnlDollars, IsTheMoveTimesQuantityTimesMultiplier) {
  EXPECT_EQ(pnl_dollars(kLong, 2.50_f8, 3.10_f8, 4_f8, 100_f8, 0), 240_f8);
  EXPECT_EQ(pnl_dollars(kLong, 100_f8, 97.5_f8, 10_f8, 1_f8, 0), -25_f8);
}

TEST(PnlDollars, OfAShortIsTheOppositeOfALong) {
  EXPECT_EQ(pnl_dollars(kShort, 2.50_f8, 3.10_f8, 4_f8, 100_f8, 0), -240_f8);
  EXPECT_EQ(pnl_dollars(kShort, 100_f8, 97.5_f8, 10_f8, 1_f8, 0), 25_f8);
}

TEST(PnlDollars, IsZeroAtTheEntry) {
  EXPECT_EQ(pnl_dollars(kShort, 431.27_f8, 431.27_f8, 3_f8, 100_f8, 0), 0);
}

TEST(PnlDollars, AddsWhatIsRealizedWithItsOwnSign) {
  EXPECT_EQ(pnl_dollars(kLong, 10_f8, 12_f8, 5_f8, 1_f8, 3_f8), 13_f8);
  EXPECT_EQ(pnl_dollars(kLong, 10_f8, 12_f8, 5_f8, 1_f8, -13_f8), -3_f8);
  EXPECT_EQ(pnl_dollars(kLong, 10_f8, 9_f8, 5_f8, 1_f8, 3_f8), -2_f8);
  EXPECT_EQ(pnl_dollars(kShort, 10_f8, 12_f8, 5_f8, 1_f8, 10_f8), 0);
}

TEST(PnlDollars, TakesNegativeAndZeroPrices) {
  EXPECT_EQ(pnl_dollars(kLong, -1.25_f8, 0, 2_f8, 100_f8, 0), 250_f8);
  EXPECT_EQ(pnl_dollars(kLong, 20_f8, -37.63_f8, 1_f8, 1000_f8, 0), -57'630_f8);
}

TEST(PnlDollars, RoundsHalfAwayFromZero) {
  // 0.00000001 * 0.5 * 1 = 0.000000005
  EXPECT_EQ(pnl_dollars(kLong, 0, 0.00000001_f8, 0.5_f8, 1_f8, 0),
            0.00000001_f8);
  EXPECT_EQ(pnl_dollars(kShort, 0, 0.00000001_f8, 0.5_f8, 1_f8, 0),
            -0.00000001_f8);
  EXPECT_EQ(pnl_dollars(kLong, 0, 0.00000001_f8, 0.49999999_f8, 1_f8, 0), 0);
  EXPECT_EQ(pnl_dollars(kShort, 0, 0.00000001_f8, 0.49999999_f8, 1_f8, 0), 0);
}

TEST(PnlDollars, RoundsTheSumNotItsParts) {
  // 1 - 0.000000005 is halfway between 0.99999999 and 1.
  EXPECT_EQ(pnl_dollars(kShort, 0, 0.00000001_f8, 0.5_f8, 1_f8, 1_f8), 1_f8);
  EXPECT_EQ(pnl_dollars(kLong, 0, 0.00000001_f8, 0.5_f8, 1_f8, -1_f8), -1_f8);
}

TEST(PnlDollars, KeepsAllDigitsOfTheProductUntilTheEnd) {
  // 0.00000003 * 0.00000007 * 9999999999 = 0.0000209999999979: a product
  // rounded to 8 decimals half way would be 0.
  EXPECT_EQ(
      pnl_dollars(kLong, 0, 0.00000003_f8, 0.00000007_f8, 9'999'999'999_f8, 0),
      0.00002100_f8);
  // 0.00000003 * 300 * 70000000 = 630
  EXPECT_EQ(pnl_dollars(kLong, 0, 0.00000003_f8, 300_f8, 70'000'000_f8, 0),
            630_f8);
}

TEST(PnlDollars, GivesTheWidestValueThatTheColumnHolds) {
  EXPECT_EQ(pnl_dollars(kLong, 0, kHighestPrice, 1_f8, 1_f8, 0), kHighestPrice);
  EXPECT_EQ(pnl_dollars(kShort, 0, kHighestPrice, 1_f8, 1_f8, 0),
            -kHighestPrice);
}

TEST(PnlDollars, IsAbsentWhenTheColumnCannotHoldIt) {
  EXPECT_EQ(pnl_dollars(kLong, 0, kHighestPrice, 1_f8, 1_f8, 0.00000001_f8),
            std::nullopt);
  EXPECT_EQ(pnl_dollars(kShort, 0, kHighestPrice, 1_f8, 1_f8, -0.00000001_f8),
            std::nullopt);
  EXPECT_EQ(pnl_dollars(kLong, 0, 100'000_f8, 100'000_f8, 1_f8, 0),
            std::nullopt);
}

TEST(PnlDollars, IsAbsentWhenTheProductNeedsMoreThan128Bits) {
  EXPECT_EQ(pnl_dollars(kLong, -kHighestPrice, kHighestPrice, kHighestPrice,
                        kHighestPrice, 0),
            std::nullopt);
  constexpr Fixed8 widest = std::numeric_limits<Fixed8>::max();
  EXPECT_EQ(pnl_dollars(kLong, -widest, widest, widest, 1_f8, 0), std::nullopt);
  EXPECT_EQ(pnl_dollars(kShort, -widest, widest, 1, widest, -widest),
            std::nullopt);
}

// ----------------------------------------------------------------- pnl_pct

TEST(PnlPct, IsAPercentageOfTheEntry) {
  EXPECT_EQ(pnl_pct(kLong, 100_f8, 105_f8), 5_f8);
  EXPECT_EQ(pnl_pct(kLong, 2.50_f8, 1.25_f8), -50_f8);
  EXPECT_EQ(pnl_pct(kShort, 100_f8, 105_f8), -5_f8);
  EXPECT_EQ(pnl_pct(kShort, 2.50_f8, 1.25_f8), 50_f8);
}

TEST(PnlPct, IsZeroAtTheEntry) {
  EXPECT_EQ(pnl_pct(kLong, 431.27_f8, 431.27_f8), 0);
  EXPECT_EQ(pnl_pct(kShort, -0.35_f8, -0.35_f8), 0);
}

// Credit entries have negative prices; the sign of the gain must not turn.
TEST(PnlPct, OfANegativeEntryIsOfItsMagnitude) {
  EXPECT_EQ(pnl_pct(kLong, -2_f8, -1_f8), 50_f8);
  EXPECT_EQ(pnl_pct(kLong, -2_f8, -3_f8), -50_f8);
  EXPECT_EQ(pnl_pct(kShort, -2_f8, 1_f8), -150_f8);
}

TEST(PnlPct, RoundsToTheEighthDecimal) {
  EXPECT_EQ(pnl_pct(kLong, 3_f8, 4_f8), 33.33333333_f8);
  EXPECT_EQ(pnl_pct(kLong, 3_f8, 5_f8), 66.66666667_f8);
}

TEST(PnlPct, RoundsHalfAwayFromZero) {
  // 100 * 0.00000001 / 200 = 0.000000005
  EXPECT_EQ(pnl_pct(kLong, 200_f8, 200.00000001_f8), 0.00000001_f8);
  EXPECT_EQ(pnl_pct(kLong, 200_f8, 199.99999999_f8), -0.00000001_f8);
  EXPECT_EQ(pnl_pct(kShort, 200_f8, 200.00000001_f8), -0.00000001_f8);
  EXPECT_EQ(pnl_pct(kLong, 200.00000001_f8, 200.00000002_f8), 0);
}

// Numeric division rounds to a scale of its own before round() does. In each of
// these the exact quotient lies a hair below a half of the eighth decimal, and
// the first rounding lifts it onto the half, which the second then rounds away
// from zero. In the first: 100 * 10000.00000051 / 30000.00000003
// is 33.333333335 less 1.7e-21, and the quotient has 16 decimals.
TEST(PnlPct, IsRoundedTwiceAsNumericDivisionDoes) {
  EXPECT_EQ(pnl_pct(kLong, 30'000.00000003_f8, 40'000.00000054_f8),
            33.33333334_f8);
  EXPECT_EQ(pnl_pct(kShort, 30'000.00000003_f8, 40'000.00000054_f8),
            -33.33333334_f8);
  EXPECT_EQ(pnl_pct(kLong, 43'100.00000007_f8, 58'492.85714326_f8),
            35.71428572_f8);
  EXPECT_EQ(pnl_pct(kLong, 3.00000007_f8, 303.36643565_f8), 10'012.21428572_f8);
}

// A quotient below 1 gets 20 decimals, so less is lifted.
TEST(PnlPct, IsRoundedFirstToMoreDecimalsWhereTheQuotientIsSmall) {
  EXPECT_EQ(pnl_pct(kLong, 51'234'567.89012345_f8, 51'242'485.90311556_f8),
            0.01545444_f8);
  EXPECT_EQ(pnl_pct(kShort, 51'234'567.89012345_f8, 51'242'485.90311556_f8),
            -0.01545444_f8);
}

// The scale is guessed from the first digits to the base 10000. Where they are
// equal (3|3920.8 over 3|0000.0) the guess is that the quotient is below 1: it
// gets 20 decimals and 1.1306950449999999999 is not lifted. One more (4|2899.9)
// and it gets 16, and is.
TEST(PnlPct, GuessesTheScaleFromTheFirstDigits) {
  EXPECT_EQ(pnl_pct(kLong, 30'000.00003007_f8, 30'339.20854391_f8),
            1.13069504_f8);
  EXPECT_EQ(pnl_pct(kLong, 30'000.00003007_f8, 30'428.99903300_f8),
            1.42999668_f8);
}

// What PostgreSQL 15 gives for operands at the ends of the range.
TEST(PnlPct, AgreesWithNumericAtTheEndsOfTheRange) {
  EXPECT_EQ(pnl_pct(kLong, 9'999'999'999_f8, 0.00000001_f8), -100_f8);
  EXPECT_EQ(pnl_pct(kLong, kHighestPrice, -kHighestPrice), -200_f8);
  EXPECT_EQ(pnl_pct(kLong, 0.00000003_f8, 0.00000004_f8), 33.33333333_f8);
  EXPECT_EQ(pnl_pct(kLong, 0.0001_f8, 10'000_f8), 9'999'999'900_f8);
  EXPECT_EQ(pnl_pct(kLong, 1_f8, 100'000'000.99_f8), 9'999'999'999_f8);
}

TEST(PnlPct, IsAbsentWhenTheColumnCannotHoldIt) {
  EXPECT_EQ(pnl_pct(kLong, 1_f8, 100'000'001_f8), std::nullopt);
  EXPECT_EQ(pnl_pct(kShort, 1_f8, 100'000'001_f8), std::nullopt);
  EXPECT_EQ(pnl_pct(kLong, 0.00000001_f8, kHighestPrice), std::nullopt);
  // Here the division has 4 decimals, fewer than the operands.
  EXPECT_EQ(pnl_pct(kLong, 0.00000007_f8, 1'234.56789012_f8), std::nullopt);
}

// An entry wider than numeric(18,8), as a column of another type can hold it:
// the shifted dividend is 9e38. The caller asks numeric instead.
TEST(PnlPct, IsAbsentWhenTheDivisionNeedsMoreThan128Bits) {
  constexpr Fixed8 widest = std::numeric_limits<Fixed8>::max();
  EXPECT_EQ(pnl_pct(kLong, widest, widest - 9_f8), std::nullopt);
  EXPECT_EQ(pnl_pct(kShort, widest, widest - 9_f8), std::nullopt);
}

TEST(PnlPct, NeedsNoMoreThan128BitsForWhatTheColumnsHold) {
  EXPECT_EQ(pnl_pct(kLong, kHighestPrice, 9'999'999'999.00999999_f8),
            -0.00000001_f8);
}

TEST(PnlPct, OfLongAndShortAreOpposites) {
  SeededRandom random;
  for (int i = 0; i < 100'000; ++i) {
    const Fixed8 entry = random.between(1, 1'000'000'000'000);
    const Fixed8 mark = random.between(-1'000'000'000, 1'000'000'000'000);
    const auto of_long = pnl_pct(kLong, entry, mark);
    const auto of_short = pnl_pct(kShort, entry, mark);
    ASSERT_EQ(of_long.has_value(), of_short.has_value())
        << entry << ' ' << mark;
    if (!of_long) continue;
    ASSERT_EQ(*of_long, -*of_short) << entry << ' ' << mark;
  }
}

TEST(PnlPct, NeverFallsWhenTheMarkOfALongRises) {
  SeededRandom random;
  for (int i = 0; i < 100'000; ++i) {
    const Fixed8 entry = random.between(1, 1'000'000'000'000);
    const Fixed8 mark = random.between(0, 1'000'000'000'000);
    const auto here = pnl_pct(kLong, entry, mark);
    const auto above = pnl_pct(kLong, entry, mark + random.between(1, 1000));
    if (!here || !above) continue;
    ASSERT_LE(*here, *above) << entry << ' ' << mark;
  }
}

// -------------------------------------------------------- moved_further_than

TEST(MovedFurtherThan, IsFalseUpToTheLimitAndTrueBeyond) {
  EXPECT_FALSE(moved_further_than(20_f8, 100_f8, 120_f8));
  EXPECT_TRUE(moved_further_than(20_f8, 100_f8, 120.00000001_f8));
  EXPECT_FALSE(moved_further_than(20_f8, 100_f8, 80_f8));
  EXPECT_TRUE(moved_further_than(20_f8, 100_f8, 79.99999999_f8));
}

TEST(MovedFurtherThan, MeasuresANegativePriceByItsMagnitude) {
  EXPECT_FALSE(moved_further_than(50_f8, -2_f8, -3_f8));
  EXPECT_TRUE(moved_further_than(50_f8, -2_f8, -3.00000001_f8));
  EXPECT_TRUE(moved_further_than(50_f8, -2_f8, 0));
}

TEST(MovedFurtherThan, NothingIsTooFarFromZero) {
  EXPECT_FALSE(moved_further_than(0.00000001_f8, 0, kHighestPrice));
}

TEST(MovedFurtherThan, HoldsAtTheEndsOfTheRange) {
  EXPECT_TRUE(
      moved_further_than(199.99999999_f8, -kHighestPrice, kHighestPrice));
  EXPECT_FALSE(moved_further_than(200_f8, -kHighestPrice, kHighestPrice));
}

}  // namespace
}  // namespace position_telemetry
