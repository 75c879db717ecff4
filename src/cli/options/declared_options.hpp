// What the options of a trace and an audit are called, and where CLI11 puts what is given with them.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "cli/options/options.hpp"

namespace CLI {
class App;
}

namespace vdsotrace::cli {

/// What CLI11 fills before it is checked.
struct ParsedFlags {
  Options options;
  int follow = 0;
  bool output_separately = false;
  bool seccomp_filter = false;  ///< --seccomp-bpf: strace's wish; a filter is used wherever it serves
  int stamps = 0;
  std::string absolute;       ///< of --absolute-timestamps
  std::string relative;       ///< precision of -r
  std::string syscall_times;  ///< precision of -T
  std::vector<std::string> expressions;
  std::string color = "auto";
  std::string direct = "auto";
  std::string sort;             ///< -S; empty: by time
  std::string summary_columns;  ///< -U
  std::string overhead;         ///< -O
  bool version = false;
  bool help = false;
  std::string string_limit = "32";
  std::string columns = "0";
  int hex = 0;
  std::string hex_strings;
  std::string constants = "abbrev";  ///< -X
  int descriptors = 0;
  std::string decode_fds;
  std::string quiet;  ///< set of --quiet
  std::vector<std::string> attach;
  std::string detach_on;      ///< -b
  int daemonize = 0;          ///< -D so often
  std::string daemonize_as;   ///< of --daemonize
  std::string interruptible;  ///< -I
  std::string duration = "0";
  std::string syscalls = "stops";
  AuditOptions audit;
  std::optional<std::string> fail_on;
  std::vector<std::string> allow;
  std::string threshold;  ///< --threshold; empty: the usual one
};

/// Those of a trace, most of which an audit has too.
void declare(CLI::App& app, ParsedFlags& raw);
/// What an audit has beside them.
void declare_audit(CLI::App& app, ParsedFlags& raw);

}  // namespace vdsotrace::cli
