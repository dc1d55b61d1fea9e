#include "change_queue.hpp"

#include <algorithm>

#include "core_only.hpp"

namespace position_telemetry {

void ChangeQueue::add(Relation relation, std::int64_t position, Change change,
                      int depth) {
  entries_.push_back({position, relation, depth, 0, change});
}

bool ChangeQueue::has(Relation relation) const noexcept {
  return std::any_of(entries_.begin(), entries_.end(), [=](const Entry& e) {
    return e.taken_depth == 0 && e.relation == relation;
  });
}

std::size_t ChangeQueue::waiting(Relation relation,
                                 Change change) const noexcept {
  return static_cast<std::size_t>(
      std::count_if(entries_.begin(), entries_.end(), [=](const Entry& e) {
        return e.waits(relation, change);
      }));
}

void ChangeQueue::take(Relation relation, Change change, int depth,
                       std::int64_t* out) noexcept {
  for (Entry& e : entries_) {
    if (!e.waits(relation, change)) continue;
    *out++ = e.position;
    e.taken_depth = depth;
  }
  // What was added at this depth cannot come back: whatever undoes the writing
  // undoes the change as well.
  std::erase_if(entries_, [=](const Entry& e) {
    return e.taken_depth == depth && e.added_depth == depth;
  });
}

void ChangeQueue::commit(int depth) noexcept {
  for (Entry& e : entries_) {
    e.added_depth = std::min(e.added_depth, depth - 1);
    if (e.taken_depth != 0) e.taken_depth = std::min(e.taken_depth, depth - 1);
  }
  std::erase_if(entries_, [](const Entry& e) {
    return e.taken_depth != 0 && e.taken_depth <= e.added_depth;
  });
}

void ChangeQueue::abort(int depth) noexcept {
  std::erase_if(entries_,
                [=](const Entry& e) { return e.added_depth >= depth; });
  for (Entry& e : entries_) {
    if (e.taken_depth >= depth) e.taken_depth = 0;
  }
}

void ChangeQueue::clear() noexcept {
  entries_.clear();
  entries_.shrink_to_fit();
}

}  // namespace position_telemetry
