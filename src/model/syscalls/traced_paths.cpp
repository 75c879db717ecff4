#include "model/syscalls/traced_paths.hpp"

#include <algorithm>

#include "model/syscalls/kinds_common.hpp"

namespace vdsotrace {
namespace {

/// What a printer asks for, it is about to print.
class PathSeeker final : public DescriptorSource {
 public:
  PathSeeker(DescriptorTable& table, std::span<const std::string> paths) : table_(table), paths_(paths) {}

  const DescriptorFacts* find(std::int32_t fd) override {
    // As with strace: the current directory, which nearly every call has, does not count.
    if (found_ || fd == kCurrentDirectory || looked_up_ >= DescriptorRecorder::kMost) return nullptr;
    ++looked_up_;
    found_ = std::ranges::find(paths_, table_.look_up(fd).path) != paths_.end();
    return nullptr;
  }
  bool found() const { return found_; }

 private:
  DescriptorTable& table_;
  std::span<const std::string> paths_;
  bool found_ = false;
  std::size_t looked_up_ = 0;
};

/// As a printer of file names, which cuts none, prints it.
std::string quoted(const std::string& path) {
  std::string text;
  append_quoted(text, std::as_bytes(std::span(path)), path.size());
  return text;
}

}  // namespace

bool uses_path(const Call& call, Memory& live, DescriptorTable& descriptors, std::span<const std::string> paths) {
  const CallSpec* spec = spec_of(call.abi, call.nr);
  if (spec == nullptr) return false;
  Capture scratch;
  Recorder bounded(live, scratch);
  PathSeeker seeker(descriptors, paths);
  DecodeLimits limits;
  limits.descriptors.path = true;
  std::string text;
  ArgContext c(call, bounded, bounded, limits, text, &seeker);
  for (unsigned i = 0; i < spec->arguments; ++i) {
    const ArgKind* kind = spec->kinds[i];
    if (kind == nullptr || kind->when == When::exit || kind->when == When::exit_after) continue;
    text.clear();
    c.set_index(i);
    kind->print(c);
    c.take_waiting();
    const bool named = kind->print == print_path_arg && std::ranges::find(paths, text, quoted) != paths.end();
    if (named || seeker.found()) return true;
  }
  return false;
}

}  // namespace vdsotrace
