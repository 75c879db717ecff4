// The files whose code processes have mapped, and how system calls in them can give way to jumps: found out once for
// all processes, when it is first asked.
#pragma once

#include <sys/types.h>

#include <array>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <vector>

#include "base/page.hpp"
#include "model/code/call_site.hpp"

namespace vdsotrace {

/// A system call instruction, and the number of its calls, if that is known.
struct NumberedSite {
  CallSite site;
  std::optional<std::int64_t> number;
};

class CodeFiles {
 public:
  CodeFiles();
  ~CodeFiles();

  /// The site of a system call instruction in that process, by its addresses. Nothing unless it is code of a file that
  /// is mapped privately and not to be written.
  std::optional<CallSite> site_at(pid_t pid, std::uint64_t address);
  /// All sites in that process that can be patched, by its addresses: of known functions in such files. Takes a tenth
  /// of a second for a C library, once.
  std::vector<NumberedSite> sites_of(pid_t pid);
  /// A call has stopped at a site at that address, of which this process has had so many stops: whether it pays to ask
  /// for it. To take a file's code apart costs as much as many stops of all processes; what has been found out for
  /// another process, as much as few. Mapped anywhere, a site has the same place in its page: one that only looks like
  /// another costs time, no more.
  bool pays_after(int stops, std::uint64_t address);

 private:
  struct File;
  /// What distinguishes files, also one that has been written anew since.
  struct Identity {
    std::uint64_t device, inode, size;
    std::int64_t changed_ns;
    auto operator<=>(const Identity&) const = default;
  };
  static constexpr std::size_t kMost = 64;  ///< that are kept at a time

  File* file_of(int fd);
  static const std::vector<NumberedSite>& all_sites(File& file);

  std::map<Identity, std::unique_ptr<File>> files_;
  std::array<std::uint8_t, kPage> stops_{};  ///< of all processes, by their site's place in its page, up to enough
};

}  // namespace vdsotrace
