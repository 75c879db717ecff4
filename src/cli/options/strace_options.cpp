#include "cli/options/strace_options.hpp"

#include <algorithm>
#include <iterator>

namespace vdsotrace::cli {
namespace {

struct StraceOption {
  std::string_view name;
  std::string_view instead;
};

// The rows of tables stand in columns.
// clang-format off
/// Up to strace 6.13.
constexpr StraceOption kStraceOptions[] = {
    {"-d", "-C names the engine that observes; --json shows all that vdsotrace knows of each call"},
    {"--debug", "-C names the engine that observes; --json shows all that vdsotrace knows of each call"},
    {"-N", "man 2 NAME names the arguments of a call"},
    {"--arg-names", "man 2 NAME names the arguments of a call"},
    {"--kill-on-exit", "a program that vdsotrace starts dies with vdsotrace in any case"},
    {"--kvm", "perf kvm stat shows why virtual processors exit"},
    {"--namespace", "unshare(1) runs a program in namespaces of its own"},
    {"--secontext", "ls -Z and ps -Z show SELinux contexts"},
    {"--stack-trace-frame-limit", "-k shows stacks of any depth"},
    {"--syscall-limit", "-o '|head -n N' ends after N lines"},
    {"--tips", "man vdsotrace has EXAMPLES"},
};
// clang-format on

}  // namespace

std::string instead_of(std::string_view option) {
  const auto* found = std::ranges::find(kStraceOptions, option, &StraceOption::name);
  return found == std::end(kStraceOptions) ? std::string() : std::string(found->instead);
}

}  // namespace vdsotrace::cli
