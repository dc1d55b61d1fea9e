#include "change_queue.hpp"

#include <gtest/gtest.h>

#include <cstdint>
#include <utility>
#include <vector>

#include "seeded_random.hpp"

namespace position_telemetry {
namespace {

using Positions = std::vector<std::int64_t>;

constexpr ChangeQueue::Relation kPaper = 101;
constexpr ChangeQueue::Relation kLive = 102;

// Depths as PostgreSQL counts them: the transaction is 1, each savepoint
// adds 1.
constexpr int kTransaction = 1;
constexpr int kSavepoint = 2;
constexpr int kInnerSavepoint = 3;

Positions taken(ChangeQueue& queue, ChangeQueue::Relation relation,
                Change change, int depth) {
  Positions positions(queue.waiting(relation, change));
  queue.take(relation, change, depth, positions.data());
  return positions;
}

Positions closed_in(ChangeQueue& queue, int depth) {
  return taken(queue, kPaper, Change::kClosed, depth);
}

TEST(ChangeQueue, GivesOutWhatWasAddedInItsOrderAndOnce) {
  ChangeQueue queue;
  for (const int position : {7, 3, 5})
    queue.add(kPaper, position, Change::kClosed, kTransaction);
  EXPECT_EQ(closed_in(queue, kTransaction), (Positions{7, 3, 5}));
  EXPECT_EQ(closed_in(queue, kTransaction), Positions{});
  EXPECT_TRUE(queue.empty());
}

TEST(ChangeQueue, KeepsTablesApart) {
  ChangeQueue queue;
  queue.add(kPaper, 1, Change::kClosed, kTransaction);
  queue.add(kLive, 2, Change::kClosed, kTransaction);
  EXPECT_EQ(closed_in(queue, kTransaction), Positions{1});
  EXPECT_FALSE(queue.has(kPaper));
  EXPECT_TRUE(queue.has(kLive));
  EXPECT_EQ(taken(queue, kLive, Change::kClosed, kTransaction), Positions{2});
}

TEST(ChangeQueue, KeepsKindsOfChangeApart) {
  ChangeQueue queue;
  queue.add(kPaper, 1, Change::kClosed, kTransaction);
  queue.add(kPaper, 2, Change::kEdited, kTransaction);
  queue.add(kPaper, 3, Change::kReopened, kTransaction);
  queue.add(kPaper, 4, Change::kRejected, kTransaction);
  EXPECT_EQ(taken(queue, kPaper, Change::kEdited, kTransaction), Positions{2});
  EXPECT_EQ(taken(queue, kPaper, Change::kRejected, kTransaction),
            Positions{4});
  EXPECT_EQ(closed_in(queue, kTransaction), Positions{1});
  EXPECT_EQ(taken(queue, kPaper, Change::kReopened, kTransaction),
            Positions{3});
}

TEST(ChangeQueue, GivesAPositionAsOftenAsItChanged) {
  ChangeQueue queue;
  queue.add(kPaper, 1, Change::kRejected, kTransaction);
  queue.add(kPaper, 1, Change::kRejected, kTransaction);
  EXPECT_EQ(taken(queue, kPaper, Change::kRejected, kTransaction),
            (Positions{1, 1}));
}

TEST(ChangeQueue, HasNothingForATableWhoseChangesAreTaken) {
  ChangeQueue queue;
  queue.add(kPaper, 1, Change::kClosed, kTransaction);
  EXPECT_TRUE(queue.has(kPaper));
  closed_in(queue, kSavepoint);
  EXPECT_FALSE(queue.has(kPaper));
}

// A trigger function with an EXCEPTION block, or ROLLBACK TO SAVEPOINT.
TEST(ChangeQueue, ASavepointRolledBackTakesItsChangesWithIt) {
  ChangeQueue queue;
  queue.add(kPaper, 1, Change::kClosed, kTransaction);
  queue.add(kPaper, 2, Change::kClosed, kSavepoint);
  queue.abort(kSavepoint);
  EXPECT_EQ(closed_in(queue, kTransaction), Positions{1});
}

TEST(ChangeQueue, ASavepointRolledBackGivesBackWhatItHadTaken) {
  ChangeQueue queue;
  queue.add(kPaper, 1, Change::kClosed, kTransaction);
  EXPECT_EQ(closed_in(queue, kSavepoint), Positions{1});
  queue.abort(kSavepoint);
  EXPECT_TRUE(queue.has(kPaper));
  EXPECT_EQ(closed_in(queue, kTransaction), Positions{1});
}

TEST(ChangeQueue, WhatIsGivenBackKeepsItsPlace) {
  ChangeQueue queue;
  queue.add(kPaper, 1, Change::kClosed, kTransaction);
  queue.add(kPaper, 2, Change::kClosed, kTransaction);
  closed_in(queue, kSavepoint);
  queue.abort(kSavepoint);
  queue.add(kPaper, 3, Change::kClosed, kTransaction);
  EXPECT_EQ(closed_in(queue, kTransaction), (Positions{1, 2, 3}));
}

TEST(ChangeQueue, AReleasedSavepointLeavesItsChangesToTheOuterOne) {
  ChangeQueue queue;
  queue.add(kPaper, 1, Change::kClosed, kSavepoint);
  queue.commit(kSavepoint);
  EXPECT_EQ(closed_in(queue, kTransaction), Positions{1});
}

TEST(ChangeQueue, WhatAReleasedSavepointTookStaysTaken) {
  ChangeQueue queue;
  queue.add(kPaper, 1, Change::kClosed, kTransaction);
  closed_in(queue, kSavepoint);
  queue.commit(kSavepoint);
  EXPECT_FALSE(queue.has(kPaper));
  EXPECT_TRUE(queue.empty());
}

TEST(ChangeQueue, AnOuterRollbackGivesBackWhatAReleasedSavepointTook) {
  ChangeQueue queue;
  queue.add(kPaper, 1, Change::kClosed, kTransaction);
  closed_in(queue, kInnerSavepoint);
  queue.commit(kInnerSavepoint);
  EXPECT_FALSE(queue.has(kPaper));
  queue.abort(kSavepoint);
  EXPECT_EQ(closed_in(queue, kTransaction), Positions{1});
}

TEST(ChangeQueue, AnOuterRollbackTakesWhatAReleasedSavepointAdded) {
  ChangeQueue queue;
  queue.add(kPaper, 1, Change::kClosed, kInnerSavepoint);
  queue.commit(kInnerSavepoint);
  queue.abort(kSavepoint);
  EXPECT_TRUE(queue.empty());
}

// The next savepoint has the same depth as the one before.
TEST(ChangeQueue, ARollbackReachesOnlyItsOwnSavepoint) {
  ChangeQueue queue;
  queue.add(kPaper, 1, Change::kClosed, kSavepoint);
  queue.commit(kSavepoint);
  queue.add(kPaper, 2, Change::kClosed, kSavepoint);
  queue.abort(kSavepoint);
  EXPECT_EQ(closed_in(queue, kTransaction), Positions{1});
}

TEST(ChangeQueue, ForgetsEverythingAtTheEndOfTheTransaction) {
  ChangeQueue queue;
  queue.add(kPaper, 1, Change::kClosed, kTransaction);
  queue.add(kLive, 2, Change::kEdited, kSavepoint);
  queue.clear();
  EXPECT_TRUE(queue.empty());
  EXPECT_FALSE(queue.has(kPaper));
  EXPECT_EQ(queue.waiting(kLive, Change::kEdited), 0u);
}

// What the queue promises, said the slow way: every savepoint keeps a copy of
// the whole state, and rolling back puts it in place again.
class Model {
 public:
  struct Entry {
    ChangeQueue::Relation relation;
    std::int64_t position;
    Change change;
  };

  int depth() const { return static_cast<int>(saved_.size()) + 1; }
  void begin() { saved_.push_back(waiting_); }
  void commit() { saved_.pop_back(); }
  void abort() {
    waiting_ = std::move(saved_.back());
    saved_.pop_back();
  }
  void add(const Entry& entry) { waiting_.push_back(entry); }

  Positions waiting(ChangeQueue::Relation relation, Change change) const {
    Positions positions;
    for (const Entry& e : waiting_)
      if (e.relation == relation && e.change == change)
        positions.push_back(e.position);
    return positions;
  }

  void take(ChangeQueue::Relation relation, Change change) {
    std::erase_if(waiting_, [=](const Entry& e) {
      return e.relation == relation && e.change == change;
    });
  }

  void clear() {
    waiting_.clear();
    saved_.clear();
  }

 private:
  std::vector<Entry> waiting_;
  std::vector<std::vector<Entry>> saved_;
};

constexpr ChangeQueue::Relation kRelations[] = {kPaper, kLive};

void expect_same(const ChangeQueue& queue, const Model& model) {
  for (const auto relation : kRelations) {
    bool any = false;
    for (int kind = 0; kind < kChangeKinds; ++kind) {
      const auto change = static_cast<Change>(kind);
      const auto wanted = model.waiting(relation, change).size();
      ASSERT_EQ(queue.waiting(relation, change), wanted);
      any = any || wanted > 0;
    }
    ASSERT_EQ(queue.has(relation), any);
  }
}

// One thing that can happen in a transaction.
void step(ChangeQueue& queue, Model& model, SeededRandom& random) {
  const auto relation = kRelations[random.between(0, 1)];
  const auto change = static_cast<Change>(random.between(0, kChangeKinds - 1));
  const auto choice = random.between(1, 10);
  if (choice <= 4) {
    const auto position = random.between(1, 1000);
    queue.add(relation, position, change, model.depth());
    model.add({relation, position, change});
  } else if (choice <= 6) {
    ASSERT_EQ(taken(queue, relation, change, model.depth()),
              model.waiting(relation, change));
    model.take(relation, change);
  } else if (choice <= 8) {
    if (model.depth() < 6) model.begin();
  } else if (model.depth() > 1 && choice == 9) {
    queue.commit(model.depth());
    model.commit();
  } else if (model.depth() > 1) {
    queue.abort(model.depth());
    model.abort();
  }
}

TEST(ChangeQueue, AgreesWithCopiesOfTheWholeStateAtEverySavepoint) {
  SeededRandom random;
  ChangeQueue queue;
  Model model;
  for (int transaction = 0; transaction < 2'000; ++transaction) {
    for (int i = 0; i < 40; ++i) {
      step(queue, model, random);
      if (HasFatalFailure()) return;
      expect_same(queue, model);
      if (HasFatalFailure()) return;
    }
    queue.clear();
    model.clear();
  }
}

}  // namespace
}  // namespace position_telemetry
