#include "model/compare/comparison.hpp"

#include <algorithm>
#include <tuple>

#include "model/compare/alignment.hpp"

namespace vdsotrace {
namespace {

using Calls = std::vector<const SeenCall*>;

/// Gives what is equal in both runs one number.
template <class Key>
class Numbers {
 public:
  std::uint32_t of(const Key& key) {
    return numbers_.try_emplace(key, static_cast<std::uint32_t>(numbers_.size())).first->second;
  }

 private:
  std::map<Key, std::uint32_t> numbers_;
};

/// A thread as its creator's number and which of the creator's children it is. If its clone was not seen, the creator
/// is 0.
using Origin = std::pair<std::uint32_t, std::uint32_t>;

bool makes_thread(const SeenCall& call) {
  return (call.name == "clone" || call.name == "clone3" || call.name == "fork" || call.name == "vfork") &&
         call.result && *call.result > 0;
}

struct Threads {
  std::map<std::uint32_t, pid_t> tids;
  std::map<std::uint32_t, Calls> calls;
};

/// Which threads of a run were made by which others.
struct Ancestry {
  std::map<pid_t, std::vector<pid_t>> children;
  std::map<pid_t, pid_t> parents;
};

Ancestry ancestry_of(const SeenRun& run) {
  Ancestry found;
  for (const SeenCall& call : run.calls()) {
    if (!makes_thread(call)) continue;
    const auto child = static_cast<pid_t>(*call.result);
    if (child != call.tid && found.parents.try_emplace(child, call.tid).second)
      found.children[call.tid].push_back(child);
  }
  return found;
}

Threads threads_of(const SeenRun& run, Numbers<Origin>& origins) {
  auto [children, parents] = ancestry_of(run);
  Threads threads;
  std::map<pid_t, std::uint32_t> numbers;
  std::uint32_t orphans = 0;
  // A child may be seen before the call that made it has returned; its ancestors come first in any case.
  const auto name = [&, &made = children](pid_t root) {
    std::vector<std::pair<pid_t, Origin>> pending{{root, {0, orphans++}}};
    while (!pending.empty()) {
      const auto [tid, origin] = pending.back();
      pending.pop_back();
      if (numbers.contains(tid)) continue;
      const std::uint32_t number = origins.of(origin);
      numbers[tid] = number;
      threads.tids[number] = tid;
      const auto& born = made[tid];
      for (auto i = static_cast<std::uint32_t>(born.size()); i-- > 0;) pending.push_back({born[i], {number + 1, i}});
    }
  };
  for (const SeenCall& call : run.calls()) {
    if (!numbers.contains(call.tid) && !parents.contains(call.tid)) name(call.tid);
  }
  for (const SeenCall& call : run.calls()) {
    if (!numbers.contains(call.tid)) name(call.tid);
    threads.calls[numbers[call.tid]].push_back(&call);
  }
  return threads;
}

using CallKey = std::pair<std::string, std::string>;

std::vector<std::uint32_t> keys_of(const Calls& calls, Numbers<CallKey>& numbers) {
  std::vector<std::uint32_t> keys;
  for (const SeenCall* call : calls) {
    if (!call->stayed()) keys.push_back(numbers.of({call->name, call->error}));
  }
  return keys;
}

ComparedLine::Seen seen_by(Side side) {
  using Seen = ComparedLine::Seen;
  if (side == Side::both) return Seen::by_both;
  return side == Side::left ? Seen::in_strace_run : Seen::in_vdsotrace_run;
}

void lay_side_by_side(ComparedThread& thread, const Calls& strace, const Calls& vdsotrace) {
  using Seen = ComparedLine::Seen;
  Numbers<CallKey> numbers;
  const auto steps = align(keys_of(strace, numbers), keys_of(vdsotrace, numbers));
  thread.aligned = steps.has_value();
  if (!steps) return;
  auto left = strace.begin();
  auto right = vdsotrace.begin();
  const auto pass_unseen = [&] {
    for (; right != vdsotrace.end() && (*right)->stayed(); ++right)
      thread.lines.push_back({Seen::by_vdsotrace_only, *right});
  };
  for (const Side side : *steps) {
    if (side != Side::left) pass_unseen();
    thread.lines.push_back({seen_by(side), side == Side::left ? *left : *right});
    if (side != Side::right) ++left;
    if (side != Side::left) ++right;
  }
  pass_unseen();
}

std::vector<ComparedName> compare_counts(const SeenRun& strace, const SeenRun& vdsotrace) {
  std::map<std::string, ComparedName> names;
  for (const auto& [name, counts] : strace.counts()) {
    for (const std::uint64_t count : counts) names[name].strace += count;
  }
  for (const auto& [name, counts] : vdsotrace.counts()) names[name].vdsotrace = counts;
  std::vector<ComparedName> sorted;
  for (auto& [name, compared] : names) {
    compared.name = name;
    sorted.push_back(compared);
  }
  std::ranges::stable_sort(sorted, [](const ComparedName& a, const ComparedName& b) {
    return std::tuple(a.stayed(), a.entered(), a.strace) > std::tuple(b.stayed(), b.entered(), b.strace);
  });
  return sorted;
}

ComparedName total_of(const std::vector<ComparedName>& names) {
  ComparedName total;
  for (const ComparedName& name : names) {
    total.strace += name.strace;
    for (std::size_t i = 0; i < total.vdsotrace.size(); ++i) total.vdsotrace[i] += name.vdsotrace[i];
  }
  return total;
}

}  // namespace

std::uint64_t ComparedName::stayed() const {
  return vdsotrace[static_cast<std::size_t>(Route::vdso)] + vdsotrace[static_cast<std::size_t>(Route::vsyscall)];
}

std::uint64_t ComparedName::entered() const {
  std::uint64_t all = 0;
  for (const std::uint64_t count : vdsotrace) all += count;
  return all - stayed();
}

bool Comparison::counts_differ() const {
  return std::ranges::any_of(names, [](const ComparedName& name) { return name.strace != name.entered(); });
}

Comparison compare(const SeenRun& strace, const SeenRun& vdsotrace) {
  Comparison comparison;
  comparison.names = compare_counts(strace, vdsotrace);
  comparison.totals = total_of(comparison.names);
  comparison.left_out = strace.left_out() + vdsotrace.left_out();
  Numbers<Origin> origins;
  // vdsotrace's first: it knows every clone.
  Threads right = threads_of(vdsotrace, origins);
  Threads left = threads_of(strace, origins);
  std::map<std::uint32_t, ComparedThread> threads;
  for (const auto& [number, tid] : right.tids) threads[number].vdsotrace_tid = tid;
  for (const auto& [number, tid] : left.tids) threads[number].strace_tid = tid;
  for (auto& [number, thread] : threads) {
    lay_side_by_side(thread, left.calls[number], right.calls[number]);
    const bool silent = thread.lines.empty() && thread.aligned;
    if (!silent) comparison.threads.push_back(std::move(thread));
  }
  return comparison;
}

}  // namespace vdsotrace
