// What `vdsotrace info` found out, as text and as JSON.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "output/text_style.hpp"
#include "vdsotrace/document.hpp"
#include "vdsotrace/vdso_image.hpp"

namespace vdsotrace {

/// One kind of call, made both ways.
struct CallFacts {
  std::string name;                   ///< "clock_gettime"
  std::optional<int> clock_id;        ///< where the call takes a clock
  std::string clock;                  ///< "CLOCK_MONOTONIC", or empty
  int error = 0;                      ///< errno of the system call; then nothing below is known
  bool function_known = true;         ///< whether the vDSO has a function for it could be found out
  std::optional<bool> in_user_space;  ///< whether the vDSO function made no system call; nothing without one
  double function_ns = 0;             ///< a call through the vDSO; 0 without a function
  double system_call_ns = 0;
  std::optional<std::int64_t> resolution_ns;
};

/// "clock_gettime(CLOCK_MONOTONIC)", "time".
std::string in_words(const CallFacts& call);

struct VdsoDescription {
  std::uint64_t base = 0;
  std::uint64_t size = 0;
  VdsoImage image;
};

/// Another process beside this one.
struct ProcessVdso {
  pid_t pid = 0;
  std::string program;
  bool same_image = false;                  ///< its vDSO is byte for byte ours
  std::optional<bool> same_time_namespace;  ///< if not, its clocks are offset, which costs a little more
};

struct InfoFacts {
  DocumentHead head;
  std::string kernel;                     ///< "Linux 6.18.1"
  std::string machine;                    ///< "x86_64"
  std::string clocksource;                ///< empty if unknown, as the next
  std::vector<std::string> clocksources;  ///< available
  std::string vsyscall;                   ///< "none", "xonly", "emulate", "unknown"
  std::optional<ProcessVdso> process;     ///< whose vDSO and vsyscall these are; nothing: our own
  std::optional<VdsoDescription> vdso;
  std::string vdso_unknown;      ///< why it is not known whether there is one; empty: it is
  std::vector<CallFacts> calls;  ///< made by us, also where `process` is another
};

std::string info_text(const InfoFacts& facts, const TextStyle& style = {});
/// One object in one line, ended.
std::string info_json(const InfoFacts& facts);

}  // namespace vdsotrace
