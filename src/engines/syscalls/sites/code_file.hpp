// A file whose code processes have mapped, taken apart.
#pragma once

#include <atomic>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <vector>

#include "base/address_range.hpp"
#include "model/code/call_sites.hpp"
#include "symbols/module_file.hpp"

namespace vdsotrace {

struct CodeFile {
  struct Segment {
    AddressRange range;
    CallSites sites;
  };
  std::optional<ModuleFacts> facts;  ///< nothing if it is no program and no library
  std::vector<Segment> segments;
  std::optional<std::vector<NumberedSite>> all;  ///< once they have been asked for
  /// By the addresses of sites that have been patched: the first call that each was patched for.
  struct UsedFor {
    std::int64_t nr;
    std::optional<std::uint32_t> clock;
  };
  std::map<std::uint64_t, UsedFor> used;

  /// Takes some milliseconds for a C library. `needless`: whether to leave off, with part of the result; asked now and
  /// then. Disassembles nothing: Capstone's first use in a process is not safe beside others.
  static std::unique_ptr<CodeFile> read(int fd, const std::atomic<bool>& needless);
};

}  // namespace vdsotrace
