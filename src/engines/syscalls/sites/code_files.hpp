// The files whose code processes have mapped, and how system calls in them can give way to jumps: found out once for
// all processes, beside them where another processor has time for that.
#pragma once

#include <sys/stat.h>
#include <sys/types.h>

#include <array>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <vector>

#include "base/address_range.hpp"
#include "base/page.hpp"
#include "engines/syscalls/sites/code_reader.hpp"
#include "model/code/call_site.hpp"
#include "os/proc/proc.hpp"

namespace vdsotrace {

struct CodeFile;

/// A call that a site has been patched for, by the addresses of a process.
struct UsedSite {
  CallSite site;
  std::int64_t nr = 0;
  std::optional<std::uint32_t> clock;
};

class CodeFiles {
 public:
  CodeFiles();
  ~CodeFiles();

  struct Answer {
    std::optional<CallSite> site;
    bool later = false;  ///< the file is still being read
    // Where there is a site:
    CodeFile* file = nullptr;  ///< until the next question
    AddressRange mapped{};     ///< where the process has that part of the file
    std::uint64_t bias = 0;    ///< so much higher than the file says
  };
  /// The site of a system call instruction in that process, by its addresses. Nothing unless it is code of a file that
  /// is mapped privately and not to be written. `wait`: until the file has been read.
  enum class Wait : std::uint8_t { no, yes };
  Answer site_at(pid_t pid, std::uint64_t address, Wait wait = Wait::no);
  /// Whether files are being read. As long as they are, it does not pay to ask again for a site that is known later.
  bool are_being_read();
  /// All sites in that process that can be patched, by its addresses: of known functions in such files. Takes a tenth
  /// of a second for a C library, once.
  std::vector<NumberedSite> sites_of(pid_t pid);
  /// The site has been patched for such a call.
  static void note_used(const Answer& answer, std::int64_t nr, std::optional<std::uint32_t> clock);
  /// All for which that has been noted, in whichever process, in that part of the file.
  static std::vector<UsedSite> used_sites(const Answer& answer);
  enum class Cost : std::uint8_t {
    low,
    high,  ///< of a patch beside running threads
  };
  /// A call has stopped at a site at that address, of which this process has had so many stops: whether it pays to ask
  /// for it. To take a file's code apart costs as much as many stops of all processes, unless it is done beside them,
  /// and so does a patch of high cost; what has been found out for another process, as much as few. Mapped anywhere, a
  /// site has the same place in its page: one that only looks like another costs time, no more.
  bool pays_after(int stops, std::uint64_t address, Cost cost);

 private:
  struct File {
    std::unique_ptr<CodeFile> content;
    CodeReader::Reading reading;  ///< of which it will come
  };
  /// What distinguishes files, also one that has been written anew since.
  struct Identity {
    std::uint64_t device, inode, size;
    std::int64_t changed_ns;
    auto operator<=>(const Identity&) const = default;
  };
  static constexpr std::size_t kMost = 64;  ///< that are kept at a time

  static Identity identity_of(const struct statx& facts);
  static std::optional<Identity> identity_at(pid_t pid, const proc::Mapping& mapping);
  File* file_of(pid_t pid, const proc::Mapping& mapping);
  File* file_of(UniqueFd fd);
  static CodeFile& content_of(File& file);
  static const std::vector<NumberedSite>& all_sites(CodeFile& file);

  std::map<Identity, File> files_;
  std::array<std::uint8_t, kPage> stops_{};  ///< of all processes, by their site's place in its page, up to enough
  int stops_anywhere_ = 0;                   ///< up to enough
  CodeReader reader_;
};

}  // namespace vdsotrace
