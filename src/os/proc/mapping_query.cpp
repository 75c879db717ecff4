#include "os/proc/mapping_query.hpp"

#include <fcntl.h>
#include <fmt/core.h>
#include <sys/ioctl.h>

#include <algorithm>
#include <array>
#include <climits>
#include <iterator>

#include "os/procfs.hpp"

namespace vdsotrace {
namespace {

/// struct procmap_query of linux/fs.h, which headers have since Linux 6.11.
struct MappingQuery {
  std::uint64_t size;
  std::uint64_t query_flags;
  std::uint64_t query_addr;
  std::uint64_t vma_start, vma_end;
  std::uint64_t vma_flags;
  std::uint64_t vma_page_size;
  std::uint64_t vma_offset;
  std::uint64_t inode;
  std::uint32_t dev_major, dev_minor;
  std::uint32_t vma_name_size;  ///< the closing zero counts
  std::uint32_t build_id_size;
  std::uint64_t vma_name_addr;
  std::uint64_t build_id_addr;
};
constexpr unsigned long kQuery = _IOWR('f', 17, MappingQuery);  // PROCMAP_QUERY
// PROCMAP_QUERY_VMA_READABLE, _WRITABLE, _EXECUTABLE, _SHARED
constexpr std::uint64_t kReadable = 1, kWritable = 2, kExecutable = 4, kShared = 8;

}  // namespace

OpenMappings::OpenMappings(pid_t pid) : maps_(procfs::open(fmt::format("{}/maps", pid), O_RDONLY)) {}

std::optional<proc::Mapping> OpenMappings::ask_for(std::uint64_t address) const {
  std::array<char, PATH_MAX> name{};
  MappingQuery query{};
  query.size = sizeof query;
  query.query_addr = address;
  query.vma_name_addr = reinterpret_cast<std::uint64_t>(name.data());
  query.vma_name_size = name.size();
  if (!maps_ || ::ioctl(maps_.get(), kQuery, &query) != 0) return std::nullopt;
  const auto end = std::ranges::find(name, '\0');
  const auto has = [&](std::uint64_t flag) { return (query.vma_flags & flag) != 0; };
  return proc::Mapping{query.vma_start,
                       query.vma_end,
                       has(kReadable),
                       has(kExecutable),
                       query.vma_offset,
                       query.inode,
                       std::string(name.begin(), end),
                       has(kWritable),
                       has(kShared)};
}

std::optional<proc::Mapping> OpenMappings::at(std::uint64_t address, pid_t tid) {
  all_.reset();
  auto mapping = at_standstill(address, tid);
  all_.reset();
  return mapping;
}

std::optional<proc::Mapping> OpenMappings::at_standstill(std::uint64_t address, pid_t tid) {
  if (auto mapping = ask_for(address)) return mapping;
  if (!all_) all_ = proc::mappings(tid);
  const auto behind = std::ranges::upper_bound(*all_, address, {}, &proc::Mapping::start);
  if (behind == all_->begin() || address >= std::prev(behind)->end) return std::nullopt;
  return *std::prev(behind);
}

}  // namespace vdsotrace
