// What `vdsotrace compare` says.
#pragma once

#include <string>
#include <vector>

#include "model/compare/comparison.hpp"
#include "output/text_style.hpp"
#include "vdsotrace/document.hpp"

namespace vdsotrace {

struct CompareFacts {
  DocumentHead head;
  std::vector<std::string> command;
  std::string engine;
  std::string strace;   ///< how strace was called, or the log that stands for it
  bool own_run = true;  ///< false: the log was made elsewhere
  bool vdso_hidden = false;
  std::size_t most_lines = 40;            ///< of the listing
  std::uint64_t lost = 0;                 ///< calls of vdsotrace's run that could not be recorded
  bool complete = true;                   ///< vdsotrace's run has every call
  std::vector<std::string> notices = {};  ///< of that run
};

/// A sentence, a table by call, what differs in the system calls, and both runs side by side: lines without a mark
/// are in both, `+` marks what only vdsotrace can see, `<` and `>` system calls that only strace's or only vdsotrace's
/// run made.
std::string compare_text(const Comparison& comparison, const CompareFacts& facts, const TextStyle& style = {});
/// One object in one line, ended.
std::string compare_json(const Comparison& comparison, const CompareFacts& facts);

}  // namespace vdsotrace
