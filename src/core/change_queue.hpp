// What row triggers have seen and the statement trigger has yet to write.
//
// One queue serves a session. Entries know the subtransaction they belong to: a
// savepoint rolled back takes its entries with it, and gives back those it had
// already taken out for writing, because that writing was rolled back too.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace position_telemetry {

enum class Change : std::uint8_t { kClosed, kReopened, kEdited, kRejected };
inline constexpr int kChangeKinds = 4;

class ChangeQueue {
 public:
  using Relation = std::uint32_t;

  // Throws std::bad_alloc; the queue is then unchanged.
  void add(Relation relation, std::int64_t position, Change change, int depth);

  bool empty() const noexcept { return entries_.empty(); }
  bool has(Relation relation) const noexcept;
  std::size_t waiting(Relation relation, Change change) const noexcept;

  // Writes the waiting positions of one kind to out, which has room for
  // waiting() of them, and takes them out of the queue at this depth.
  void take(Relation relation, Change change, int depth,
            std::int64_t* out) noexcept;

  // A subtransaction at this depth ended.
  void commit(int depth) noexcept;
  void abort(int depth) noexcept;

  // The transaction ended: nothing is remembered, memory is given back.
  void clear() noexcept;

 private:
  struct Entry {
    std::int64_t position;
    Relation relation;
    int added_depth;
    int taken_depth;  // 0 while waiting
    Change change;

    bool waits(Relation r, Change c) const noexcept {
      return taken_depth == 0 && relation == r && change == c;
    }
  };

  std::vector<Entry> entries_;
};

}  // namespace position_telemetry
