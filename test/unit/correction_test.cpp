#include <gtest/gtest.h>

#include <optional>
#include <vector>

#include "decimal.hpp"
#include "excursion.hpp"
#include "positions.hpp"
#include "seeded_random.hpp"

namespace position_telemetry {
namespace {

Excursion rebased(const Excursion& x, const Position& before,
                  const Position& now,
                  std::optional<Microseconds> known_by = std::nullopt) {
  Excursion result = x;
  rebase(result, before.at_extremes_of(x), now.at_extremes_of(x), known_by);
  return result;
}

TEST(Rebase, ACorrectedEntryRecomputesBothExtremes) {
  const Position corrected{.entry = 102_f8};
  const Excursion x =
      rebased(after(kLong, {{105_f8, 1}, {97_f8, 2}}), kLong, corrected);
  EXPECT_EQ(x.best_pct, 2.94117647_f8);
  EXPECT_EQ(x.worst_pct, -4.90196078_f8);
  EXPECT_EQ(x.best_dollars, 30_f8);
  EXPECT_EQ(x.worst_dollars, -50_f8);
}

TEST(Rebase, PricesAndTimesOfExtremesThatRemainStay) {
  const Position corrected{.entry = 102_f8};
  const Excursion x =
      rebased(after(kLong, {{105_f8, 1}, {97_f8, 2}}), kLong, corrected, 9);
  EXPECT_EQ(x.mfe_price, 105_f8);
  EXPECT_EQ(x.mae_price, 97_f8);
  EXPECT_EQ(x.mfe_time, 1);
  EXPECT_EQ(x.mae_time, 2);
}

TEST(Rebase, AnExtremeThatIsNoneAnyMoreLosesItsTimeAndOrder) {
  const Position corrected{.entry = 106_f8};
  const Excursion x =
      rebased(after(kLong, {{105_f8, 1}, {97_f8, 2}}), kLong, corrected);
  EXPECT_EQ(x.best_pct, 0);
  EXPECT_EQ(x.best_dollars, 0);
  EXPECT_EQ(x.mfe_time, std::nullopt);
  EXPECT_EQ(x.mae_before_mfe_pct, std::nullopt);
  EXPECT_EQ(x.mfe_price, 105_f8);
}

TEST(Rebase, AnExtremeThatIsNewWasReachedByTheLastMarkAtTheLatest) {
  const Position corrected{.entry = 106_f8};
  const Excursion x =
      rebased(after(kLong, {{103_f8, 1}, {105_f8, 2}}), kLong, corrected, 2);
  EXPECT_EQ(x.worst_pct, -2.83018868_f8);
  EXPECT_EQ(x.mae_time, 2);
  EXPECT_EQ(x.mfe_before_mae_pct, 0);
}

// Extremes taken over from before attach have no price that explains them.
TEST(Rebase, APercentThatItsPriceDidNotGiveStays) {
  Excursion x = after(kLong, {{101_f8, 1}, {99_f8, 2}});
  x.best_pct = 40_f8;
  const Excursion now = rebased(x, kLong, {.entry = 99.5_f8});
  EXPECT_EQ(now.best_pct, 40_f8);
  EXPECT_EQ(now.mfe_time, 1);
  EXPECT_EQ(now.worst_pct, -0.50251256_f8);
}

// One that is not explained shows that the quantity was another, so neither
// can be recomputed.
TEST(Rebase, DollarsStayWhenThePriceOfEitherDidNotGiveThem) {
  const Excursion recorded = after(kLong, {{101_f8, 1}, {99_f8, 2}});
  Excursion x = recorded;
  x.worst_dollars = -700_f8;
  Excursion now = rebased(x, kLong, {.entry = 99.5_f8});
  EXPECT_EQ(now.best_dollars, 10_f8);
  EXPECT_EQ(now.worst_dollars, -700_f8);

  x = recorded;
  x.best_dollars = 700_f8;
  now = rebased(x, kLong, {.entry = 99.5_f8});
  EXPECT_EQ(now.best_dollars, 700_f8);
  EXPECT_EQ(now.worst_dollars, -10_f8);
}

// Twice the quantity since the extreme was reached: the price gives other money
// now, but the same percent.
TEST(Rebase, DollarsStayWhenTheQuantityHasChangedSince) {
  const Excursion x = after(kLong, {{105_f8, 1}, {97_f8, 2}});
  const Position doubled{.quantity = 20_f8};
  const Position corrected{.entry = 102_f8, .quantity = 20_f8};
  const Excursion now = rebased(x, doubled, corrected);
  EXPECT_EQ(now.best_pct, 2.94117647_f8);
  EXPECT_EQ(now.best_dollars, 50_f8);
  EXPECT_EQ(now.worst_dollars, -30_f8);
}

TEST(Rebase, ACorrectedMultiplierMovesTheDollarsOnly) {
  const Position corrected{.multiplier = 100_f8};
  const Excursion x = after(kLong, {{105_f8, 1}, {97_f8, 2}});
  Excursion wanted = x;
  wanted.best_dollars = 5'000_f8;
  wanted.worst_dollars = -3'000_f8;
  EXPECT_EQ(rebased(x, kLong, corrected), wanted);
}

TEST(Rebase, AMeasureThatHasBecomeUnknownStays) {
  const Excursion x = after(kLong, {{105_f8, 1}, {97_f8, 2}});
  const Excursion now = rebased(x, kLong, {.entry = 0});
  EXPECT_EQ(now.best_pct, 5_f8);
  EXPECT_EQ(now.worst_pct, -3_f8);
  EXPECT_EQ(now.best_dollars, 1'050_f8);
}

TEST(Rebase, WithoutAMarkNothingMoves) {
  Excursion recorded;
  recorded.best_pct = 3_f8;
  Excursion x = recorded;
  rebase(x, {}, {}, 1);
  EXPECT_EQ(x, recorded);
}

TEST(Rebase, TheOrderStaysWithinTheNewExtremes) {
  const Excursion x = after(kLong, {{97_f8, 1}, {105_f8, 2}});
  EXPECT_EQ(x.mae_before_mfe_pct, -3_f8);
  const Excursion higher = rebased(x, kLong, {.entry = 98_f8});
  EXPECT_EQ(higher.mae_before_mfe_pct, higher.worst_pct);

  const Excursion y = after(kLong, {{105_f8, 1}, {97_f8, 2}});
  EXPECT_EQ(y.mfe_before_mae_pct, 5_f8);
  const Excursion lower = rebased(y, kLong, {.entry = 104_f8});
  EXPECT_EQ(lower.mfe_before_mae_pct, lower.best_pct);
}

TEST(Rebase, ToTheSameTermsChangesNothing) {
  SeededRandom random;
  for (int i = 0; i < 5'000; ++i) {
    const Position position = random_position(random);
    const Excursion x = after(position, random_marks(position, random));
    ASSERT_EQ(rebased(x, position, position, 50), x) << "case " << i;
  }
}

TEST(Rebase, GivesTheExtremesThatTheMarksGiveUnderTheCorrectedTerms) {
  SeededRandom random;
  for (int i = 0; i < 20'000; ++i) {
    const Position position = random_position(random);
    const std::vector<Mark> marks = random_marks(position, random);
    Position corrected = position;
    corrected.entry += random.between(-12, 12) * 7'500'000;
    if (corrected.entry == 0) continue;
    if (random.one_in(3)) corrected.multiplier = 10_f8;
    const Excursion now =
        rebased(after(position, marks), position, corrected, 50);
    const Excursion wanted = recomputed(corrected, marks);
    ASSERT_EQ(now.best_pct, wanted.best_pct) << "case " << i;
    ASSERT_EQ(now.worst_pct, wanted.worst_pct) << "case " << i;
    ASSERT_EQ(now.best_dollars, wanted.best_dollars) << "case " << i;
    ASSERT_EQ(now.worst_dollars, wanted.worst_dollars) << "case " << i;
    ASSERT_EQ(now.mfe_time.has_value(), now.best_pct != 0) << "case " << i;
    ASSERT_EQ(now.mae_time.has_value(), now.worst_pct != 0) << "case " << i;
    ASSERT_EQ(now.mae_before_mfe_pct.has_value(), now.best_pct != 0)
        << "case " << i;
    ASSERT_EQ(now.mfe_before_mae_pct.has_value(), now.worst_pct != 0)
        << "case " << i;
    if (now.mae_before_mfe_pct) {
      ASSERT_LE(*now.mae_before_mfe_pct, 0) << "case " << i;
      ASSERT_GE(*now.mae_before_mfe_pct, now.worst_pct) << "case " << i;
    }
    if (now.mfe_before_mae_pct) {
      ASSERT_GE(*now.mfe_before_mae_pct, 0) << "case " << i;
      ASSERT_LE(*now.mfe_before_mae_pct, now.best_pct) << "case " << i;
    }
  }
}

// ------------------------------------------------------------------ mirror

TEST(Mirror, WhatWasBestForALongWasWorstForAShort) {
  Excursion x = after(kLong, {{97_f8, 1}, {105_f8, 2}});
  mirror(x, true);
  EXPECT_EQ(x, after(kShort, {{97_f8, 1}, {105_f8, 2}}));
}

// Realised money keeps its sign, so the extremes of money have no mirror image.
TEST(Mirror, LeavesDollarsAloneWhenToldTo) {
  Excursion x = after(kLong, {{97_f8, 1}, {105_f8, 2}});
  mirror(x, false);
  EXPECT_EQ(x.best_pct, 3_f8);
  EXPECT_EQ(x.best_dollars, 50_f8);
  EXPECT_EQ(x.worst_dollars, -30_f8);
}

TEST(Mirror, EqualsTheSameMarksSeenFromTheOtherSide) {
  SeededRandom random;
  for (int i = 0; i < 20'000; ++i) {
    Position position = random_position(random);
    position.realized = 0;
    const std::vector<Mark> marks = random_marks(position, random);
    Excursion x = after(position, marks);
    mirror(x, true);
    position.direction = -position.direction;
    ASSERT_EQ(x, after(position, marks)) << "case " << i;
  }
}

TEST(Mirror, TwiceIsTheSame) {
  const Excursion x = after(kLong, {{97_f8, 1}, {105_f8, 2}, {91_f8, 3}});
  Excursion y = x;
  mirror(y, true);
  mirror(y, true);
  EXPECT_EQ(y, x);
}

}  // namespace
}  // namespace position_telemetry
