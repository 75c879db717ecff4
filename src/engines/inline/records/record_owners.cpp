#include "engines/inline/records/record_owners.hpp"

#include <algorithm>

namespace vdsotrace {
namespace {

constexpr std::size_t kMostGone = 16 * 1024;
constexpr std::size_t kMostSharers = 64;

}  // namespace

std::size_t RecordOwners::add(const Thread& thread, std::uint64_t pointer, std::uint64_t stack) {
  auto& owners = owners_[pointer];
  owners.push_back({thread.tid, thread.tgid, thread.is_reported(), &thread, stack});
  pointers_[thread.tid] = pointer;
  is_reported_ = is_reported_ || thread.is_reported();
  return owners.size();
}

void RecordOwners::expect(const Thread& thread) {
  if (thread.is_reported() && !is_reported_) tgid_ = thread.tgid;
  is_reported_ = is_reported_ || thread.is_reported();
}

std::optional<pid_t> RecordOwners::waits_for(pid_t child) const {
  const auto creator = creators_.find(child);
  return creator == creators_.end() ? std::nullopt : std::optional(creator->second);
}

std::vector<pid_t> RecordOwners::waited_for_by(pid_t creator) const {
  std::vector<pid_t> children;
  for (const auto& [child, its_creator] : creators_) {
    if (its_creator == creator) children.push_back(child);
  }
  return children;
}

bool RecordOwners::waits(pid_t tid) const {
  return std::ranges::any_of(creators_, [tid](const auto& entry) { return entry.second == tid; });
}

void RecordOwners::end_waiting(pid_t creator) {
  for (const pid_t child : waited_for_by(creator)) remove(child, true);
}

std::optional<RecordOwners::Left> RecordOwners::remove(pid_t tid, bool ended) {
  const bool is_waited_for = creators_.erase(tid) != 0;
  const auto known = pointers_.find(tid);
  if (known == pointers_.end()) return std::nullopt;
  const std::uint64_t pointer = known->second;
  pointers_.erase(known);
  auto& owners = owners_[pointer];
  const auto owner = std::ranges::find(owners, tid, &Owner::tid);
  // The creator goes on with the child's stack, and has waited until no record of the child was left.
  if (ended && owner != owners.end()) remember(*owner, pointer, !is_waited_for);
  std::erase_if(owners, [tid](const Owner& one) { return one.tid == tid; });
  const Left left{pointer, owners.size(), owners.size() == 1 ? owners.front().tid : 0};
  if (owners.empty()) owners_.erase(pointer);
  return left;
}

std::optional<std::uint64_t> RecordOwners::pointer_of(pid_t tid) const {
  const auto known = pointers_.find(tid);
  return known == pointers_.end() ? std::nullopt : std::optional(known->second);
}

/// For records that are still in a ring.
void RecordOwners::remember(const Owner& owner, std::uint64_t pointer, bool shares) {
  if (gone_.size() >= kMostGone) gone_.clear();
  Owner& gone = gone_[owner.tid] = owner;
  gone.thread = nullptr;
  auto& sharers = gone_sharers_[pointer];
  // Mostly one thread after the other has a pointer, each with a ring of its own.
  if (shares && owners_[pointer].size() > 1 && sharers.size() < kMostSharers) sharers.push_back(gone);
  if (sharers.empty()) gone_sharers_.erase(pointer);
}

/// Of the threads that have or had the record's pointer, the one whose stack begins next above the call's. The parent
/// of a vfork, whose child uses its stack, is left out while it waits.
RecordOwners::Owner RecordOwners::by_stack(const StubRecord& record) const {
  const std::uint64_t pointer = record.key - 1;
  Owner best{0, tgid_, is_reported_, nullptr, ~std::uint64_t{0}};
  for (const auto* threads : {&gone_sharers_, &owners_}) {
    const auto found = threads->find(pointer);
    if (found == threads->end()) continue;
    for (const Owner& owner : found->second) {
      if (owner.stack >= record.stack && owner.stack <= best.stack && !waits(owner.tid)) best = owner;
    }
  }
  return best;
}

std::vector<std::pair<pid_t, std::uint64_t>> RecordOwners::sole_owners() const {
  std::vector<std::pair<pid_t, std::uint64_t>> found;
  for (const auto& [pointer, owners] : owners_) {
    if (owners.size() == 1) found.emplace_back(owners.front().tid, pointer);
  }
  return found;
}

/// A ring that is one thread's names the thread. In the shared ring are records of threads that have no block, found by
/// their pointers, and of threads that have a pointer in common, found by their stacks.
RecordOwners::Owner RecordOwners::owner_of(const StubRecord& record) const {
  const auto found = owners_.find(record.key - 1);
  if (record.tid != 0) {
    if (found != owners_.end()) {
      const auto owner = std::ranges::find(found->second, record.tid, &Owner::tid);
      if (owner != found->second.end()) return *owner;
    }
    const auto gone = gone_.find(record.tid);
    return gone != gone_.end() ? gone->second : Owner{record.tid, tgid_, is_reported_, nullptr, 0};
  }
  const bool was_shared = gone_sharers_.contains(record.key - 1);
  if (!was_shared && found != owners_.end() && found->second.size() == 1) return found->second.front();
  return by_stack(record);
}

}  // namespace vdsotrace
