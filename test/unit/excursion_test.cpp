#include "excursion.hpp"

#include <gtest/gtest.h>

#include <optional>
#include <vector>

#include "decimal.hpp"
#include "positions.hpp"
#include "seeded_random.hpp"

namespace position_telemetry {
namespace {

TEST(Fold, AFreshPositionHasZeroExtremesAndNothingElse) {
  const Excursion x;
  EXPECT_EQ(x.best_pct, 0);
  EXPECT_EQ(x.worst_dollars, 0);
  EXPECT_EQ(x.mfe_price, std::nullopt);
  EXPECT_EQ(x.mae_time, std::nullopt);
  EXPECT_EQ(x.mae_before_mfe_pct, std::nullopt);
}

TEST(Fold, ALongGainsWhenThePriceRises) {
  const Excursion x = after(kLong, {{105_f8, 1}, {97_f8, 2}, {103_f8, 3}});
  EXPECT_EQ(x.best_pct, 5_f8);
  EXPECT_EQ(x.worst_pct, -3_f8);
  EXPECT_EQ(x.best_dollars, 50_f8);
  EXPECT_EQ(x.worst_dollars, -30_f8);
  EXPECT_EQ(x.mfe_price, 105_f8);
  EXPECT_EQ(x.mae_price, 97_f8);
}

TEST(Fold, AShortGainsWhenThePriceFalls) {
  const Excursion x = after(kShort, {{105_f8, 1}, {97_f8, 2}, {103_f8, 3}});
  EXPECT_EQ(x.best_pct, 3_f8);
  EXPECT_EQ(x.worst_pct, -5_f8);
  EXPECT_EQ(x.best_dollars, 30_f8);
  EXPECT_EQ(x.worst_dollars, -50_f8);
  EXPECT_EQ(x.mfe_price, 97_f8);
  EXPECT_EQ(x.mae_price, 105_f8);
}

TEST(Fold, ExtremesNeverShrink) {
  const Excursion peak = after(kLong, {{110_f8, 1}, {90_f8, 2}});
  Excursion x = peak;
  for (const Fixed8 price : {109_f8, 100_f8, 91_f8})
    fold(x, 1, {price, 3}, kLong.at(price));
  EXPECT_EQ(x, peak);
}

TEST(Fold, BothPricesExistFromTheFirstMarkOn) {
  const Excursion x = after(kLong, {{105_f8, 1}});
  EXPECT_EQ(x.mfe_price, 105_f8);
  EXPECT_EQ(x.mae_price, 105_f8);
  EXPECT_EQ(x.worst_pct, 0);
  EXPECT_EQ(x.mae_time, std::nullopt);
}

TEST(Fold, AMarkAtTheEntryIsNoExtreme) {
  const Excursion x = after(kShort, {{100_f8, 1}});
  EXPECT_EQ(x.mfe_price, 100_f8);
  EXPECT_EQ(x.mfe_time, std::nullopt);
  EXPECT_EQ(x.mae_time, std::nullopt);
  EXPECT_EQ(x.mae_before_mfe_pct, std::nullopt);
}

TEST(Fold, AnExtremeHasTheTimeOfItsMark) {
  const Excursion x = after(kLong, {{105_f8, 10}, {97_f8, 20}, {103_f8, 30}});
  EXPECT_EQ(x.mfe_time, 10);
  EXPECT_EQ(x.mae_time, 20);
}

TEST(Fold, AnEqualExtremeKeepsTheTimeItWasFirstReached) {
  const Excursion x =
      after(kLong, {{105_f8, 10}, {97_f8, 20}, {105_f8, 30}, {97_f8, 40}});
  EXPECT_EQ(x.mfe_time, 10);
  EXPECT_EQ(x.mae_time, 20);
}

TEST(Fold, ALateMarkEqualToAnExtremeMovesItsTimeBack) {
  const Excursion x =
      after(kLong, {{105_f8, 30}, {97_f8, 40}, {105_f8, 10}, {97_f8, 20}});
  EXPECT_EQ(x.mfe_time, 10);
  EXPECT_EQ(x.mae_time, 20);
}

TEST(Fold, ALateMarkBeyondAnExtremeIsTheExtremeAtItsOwnTime) {
  const Excursion x = after(kLong, {{105_f8, 30}, {108_f8, 10}});
  EXPECT_EQ(x.best_pct, 8_f8);
  EXPECT_EQ(x.mfe_time, 10);
}

TEST(Fold, RemembersHowDeepItWasBeforeTheBest) {
  const Excursion x =
      after(kLong, {{97_f8, 1}, {105_f8, 2}, {90_f8, 3}, {104_f8, 4}});
  EXPECT_EQ(x.mae_before_mfe_pct, -3_f8);
  EXPECT_EQ(x.mfe_before_mae_pct, 5_f8);
}

TEST(Fold, ANewBestAfterADeeperFallRemembersThatFall) {
  const Excursion x =
      after(kLong, {{97_f8, 1}, {105_f8, 2}, {90_f8, 3}, {106_f8, 4}});
  EXPECT_EQ(x.mae_before_mfe_pct, -10_f8);
  EXPECT_EQ(x.mfe_before_mae_pct, 5_f8);
}

TEST(Fold, ThePathOfAShortIsRememberedTheSameWay) {
  const Excursion x = after(kShort, {{103_f8, 1}, {95_f8, 2}, {110_f8, 3}});
  EXPECT_EQ(x.mae_before_mfe_pct, -3_f8);
  EXPECT_EQ(x.mfe_before_mae_pct, 5_f8);
}

TEST(Fold, WithNothingBeforeItTheOrderIsZero) {
  const Excursion x = after(kLong, {{105_f8, 1}});
  EXPECT_EQ(x.mae_before_mfe_pct, 0);
  EXPECT_EQ(x.mfe_before_mae_pct, std::nullopt);
}

TEST(Fold, AnEqualExtremeLeavesTheOrderAlone) {
  const Excursion x = after(kLong, {{105_f8, 1}, {90_f8, 2}, {105_f8, 3}});
  EXPECT_EQ(x.mae_before_mfe_pct, 0);
}

// An entry price of 0 has no percent.
TEST(Fold, WithoutAPercentPricesAndDollarsStillMove) {
  const Position free{.entry = 0};
  const Excursion x = after(free, {{3_f8, 1}, {-2_f8, 2}});
  EXPECT_EQ(x.best_pct, 0);
  EXPECT_EQ(x.mfe_time, std::nullopt);
  EXPECT_EQ(x.best_dollars, 30_f8);
  EXPECT_EQ(x.worst_dollars, -20_f8);
  EXPECT_EQ(x.mfe_price, 3_f8);
  EXPECT_EQ(x.mae_price, -2_f8);
}

// A quantity that is null has no dollars.
TEST(Fold, WithoutDollarsPricesAndPercentStillMove) {
  Excursion x;
  fold(x, 1, {105_f8, 1}, {.pct = 5_f8, .dollars = std::nullopt});
  EXPECT_EQ(x.best_pct, 5_f8);
  EXPECT_EQ(x.best_dollars, 0);
  EXPECT_EQ(x.mfe_price, 105_f8);
}

// What was realised lifts the money curve without touching the percent curve.
TEST(Fold, PercentAndDollarsHaveTheirExtremesApart) {
  const Position winner{.realized = 200_f8};
  const Excursion x = after(winner, {{95_f8, 1}});
  EXPECT_EQ(x.worst_pct, -5_f8);
  EXPECT_EQ(x.worst_dollars, 0);
  EXPECT_EQ(x.best_dollars, 150_f8);
  EXPECT_EQ(x.best_pct, 0);
}

TEST(Fold, MarkByMarkEqualsARecomputationFromAllMarks) {
  SeededRandom random;
  for (int i = 0; i < 20'000; ++i) {
    const Position position = random_position(random);
    const std::vector<Mark> marks = random_marks(position, random);
    ASSERT_EQ(after(position, marks), recomputed(position, marks))
        << "case " << i;
  }
}

// ---------------------------------------------------------- floor_at_entry

TEST(FloorAtEntry, ABestBelowAndAWorstAboveTheEntryBecomeZero) {
  Excursion x;
  x.best_pct = -1_f8;
  x.worst_pct = 2_f8;
  x.best_dollars = -10_f8;
  x.worst_dollars = 20_f8;
  floor_at_entry(x);
  EXPECT_EQ(x, Excursion{});
}

TEST(FloorAtEntry, RealExtremesStay) {
  const Excursion recorded = after(kLong, {{105_f8, 1}, {97_f8, 2}});
  Excursion x = recorded;
  floor_at_entry(x);
  EXPECT_EQ(x, recorded);
}

}  // namespace
}  // namespace position_telemetry
