#include "model/code/loops.hpp"

#include <algorithm>
#include <limits>
#include <utility>

namespace vdsotrace {
namespace {

constexpr std::uint32_t kNone = std::numeric_limits<std::uint32_t>::max();

/// Reverse postorder of a depth-first walk: a node comes before what it alone leads to.
std::vector<std::uint32_t> reverse_postorder(const FlowGraph& graph) {
  std::vector<std::uint32_t> order;
  if (graph.next.empty()) return order;
  std::vector<bool> seen(graph.next.size());
  std::vector<std::pair<std::uint32_t, std::size_t>> path{{graph.entry, 0}};
  seen[graph.entry] = true;
  while (!path.empty()) {
    auto& [node, next] = path.back();
    if (next == graph.next[node].size()) {
      order.push_back(node);
      path.pop_back();
      continue;
    }
    const std::uint32_t successor = graph.next[node][next++];
    if (seen[successor]) continue;
    seen[successor] = true;
    path.emplace_back(successor, 0);
  }
  std::reverse(order.begin(), order.end());
  return order;
}

/// Dominators after Cooper, Harvey and Kennedy, "A Simple, Fast Dominance Algorithm". Nodes are
/// meant by their rank in reverse postorder.
class Dominators {
 public:
  Dominators(const FlowGraph& graph, const std::vector<std::uint32_t>& order)
      : rank_(graph.next.size(), kNone), parent_(order.size(), kNone), before_(order.size()) {
    for (std::uint32_t rank = 0; rank < order.size(); ++rank) rank_[order[rank]] = rank;
    for (const std::uint32_t node : order) {
      for (const std::uint32_t next : graph.next[node]) before_[rank_[next]].push_back(rank_[node]);
    }
    if (!parent_.empty()) parent_[0] = 0;
    while (improve()) {}
  }

  std::size_t size() const { return parent_.size(); }
  const std::vector<std::uint32_t>& before(std::uint32_t rank) const { return before_[rank]; }
  bool dominates(std::uint32_t above, std::uint32_t below) const {
    while (below > above) below = parent_[below];
    return below == above;
  }

 private:
  bool improve() {
    bool changed = false;
    for (std::uint32_t rank = 1; rank < parent_.size(); ++rank) {
      std::uint32_t best = kNone;
      for (const std::uint32_t from : before_[rank]) {
        if (parent_[from] != kNone) best = best == kNone ? from : common(from, best);
      }
      changed |= std::exchange(parent_[rank], best) != best;
    }
    return changed;
  }
  std::uint32_t common(std::uint32_t a, std::uint32_t b) const {
    while (a != b) {
      std::uint32_t& lower = a > b ? a : b;
      lower = parent_[lower];
    }
    return a;
  }

  std::vector<std::uint32_t> rank_;    ///< by node; kNone: not reached
  std::vector<std::uint32_t> parent_;  ///< by rank: the nearest dominator's
  std::vector<std::vector<std::uint32_t>> before_;
};

/// All from which a back edge's source is reached without passing the head.
std::vector<std::uint32_t> body_of(const Dominators& dominators, std::uint32_t head,
                                   std::vector<std::uint32_t> pending) {
  std::vector<std::uint32_t> body{head};
  std::vector<bool> inside(dominators.size());
  inside[head] = true;
  while (!pending.empty()) {
    const std::uint32_t rank = pending.back();
    pending.pop_back();
    if (inside[rank]) continue;
    inside[rank] = true;
    body.push_back(rank);
    const auto& before = dominators.before(rank);
    pending.insert(pending.end(), before.begin(), before.end());
  }
  return body;
}

}  // namespace

std::vector<Loop> find_loops(const FlowGraph& graph) {
  const auto order = reverse_postorder(graph);
  const Dominators dominators(graph, order);
  std::vector<Loop> loops;
  for (std::uint32_t head = 0; head < order.size(); ++head) {
    std::vector<std::uint32_t> back;
    for (const std::uint32_t from : dominators.before(head)) {
      if (dominators.dominates(head, from)) back.push_back(from);
    }
    if (back.empty()) continue;
    Loop loop{order[head], back, body_of(dominators, head, back)};
    for (auto* ranks : {&loop.back, &loop.body}) {
      for (std::uint32_t& rank : *ranks) rank = order[rank];
      std::sort(ranks->begin(), ranks->end());
    }
    loops.push_back(std::move(loop));
  }
  std::sort(loops.begin(), loops.end(), [](const Loop& a, const Loop& b) { return a.head < b.head; });
  return loops;
}

}  // namespace vdsotrace
