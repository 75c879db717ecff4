// Loops in a flow graph.
#pragma once

#include <cstdint>
#include <vector>

namespace vdsotrace {

struct FlowGraph {
  std::uint32_t entry = 0;
  std::vector<std::vector<std::uint32_t>> next;  ///< for each node the nodes that can come next
};

/// A natural loop: no way leads into `body` but through `head`.
struct Loop {
  std::uint32_t head = 0;
  std::vector<std::uint32_t> back;  ///< nodes of the body from which `head` comes next
  std::vector<std::uint32_t> body;  ///< sorted, `head` included
};

/// One loop for each head, sorted by head. Nodes that the entry does not reach are in
/// none, and neither are cycles that can be entered at more than one place. Every successor must be
/// a node of the graph. Time can grow with the square of the number of nodes.
std::vector<Loop> find_loops(const FlowGraph& graph);

}  // namespace vdsotrace
