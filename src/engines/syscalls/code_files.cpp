#include "engines/syscalls/code_files.hpp"

#include <sys/stat.h>

#include <algorithm>
#include <vector>

#include "model/code/call_sites.hpp"
#include "model/owned_elf.hpp"
#include "symbols/file_code.hpp"
#include "symbols/module_file.hpp"

namespace vdsotrace {
namespace {

constexpr std::uint8_t kStopsOfAll = 16;
constexpr int kStopsOfOne = 3;
constexpr std::int64_t kNsPerSecond = 1'000'000'000;

/// Private mappings of files whose code cannot be written ("r-xp", proc(5)).
std::vector<proc::Mapping> private_code_of(pid_t pid) {
  auto mappings = proc::mappings(pid);
  std::erase_if(mappings, [](const proc::Mapping& mapping) {
    return !mapping.readable || !mapping.executable || mapping.writable || mapping.shared || mapping.inode == 0;
  });
  return mappings;
}

std::optional<proc::Mapping> private_code_at(pid_t pid, std::uint64_t address) {
  const auto mappings = private_code_of(pid);
  const auto found =
      std::ranges::find_if(mappings, [&](const auto& m) { return address >= m.start && address < m.end; });
  return found != mappings.end() ? std::optional(*found) : std::nullopt;
}

}  // namespace

struct CodeFiles::File {
  struct Segment {
    AddressRange range;
    CallSites sites;
  };
  std::optional<ModuleFacts> facts;
  std::vector<Segment> segments;
  std::optional<std::vector<NumberedSite>> all;  ///< once they have been asked for
};

CodeFiles::CodeFiles() = default;
CodeFiles::~CodeFiles() = default;

CodeFiles::File* CodeFiles::file_of(int fd) {
  struct stat status {};
  if (::fstat(fd, &status) != 0) return nullptr;
  const Identity identity{status.st_dev, status.st_ino, static_cast<std::uint64_t>(status.st_size),
                          status.st_mtim.tv_sec * kNsPerSecond + status.st_mtim.tv_nsec};
  if (const auto known = files_.find(identity); known != files_.end()) return known->second.get();
  if (files_.size() >= kMost) files_.clear();
  auto file = std::make_unique<File>();
  elf_version(EV_CURRENT);
  const OwnedElf elf(elf_begin(fd, ELF_C_READ, nullptr));
  if (elf) file->facts = module_facts(elf.get());
  if (file->facts) {
    const FunctionTable functions = functions_of(elf.get());
    for (CodeSegment& segment : code_segments_of(elf.get())) {
      const AddressRange range{segment.address, segment.address + segment.bytes.size()};
      auto sites = CallSites::open(std::move(segment.bytes), segment.address, functions);
      if (sites) file->segments.push_back({range, std::move(*sites)});
    }
  }
  return (files_[identity] = std::move(file)).get();
}

bool CodeFiles::pays_after(int stops, std::uint64_t address) {
  std::uint8_t& of_all = stops_[address % kPage];
  if (of_all < kStopsOfAll) ++of_all;
  return of_all == kStopsOfAll && stops >= kStopsOfOne;
}

std::optional<CallSite> CodeFiles::site_at(pid_t pid, std::uint64_t address) {
  const auto mapping = private_code_at(pid, address);
  const UniqueFd fd = mapping ? open_mapped_file(pid, *mapping) : UniqueFd();
  File* file = fd ? file_of(fd.get()) : nullptr;
  if (file == nullptr || !file->facts) return std::nullopt;
  const auto in_file = file->facts->address_at(mapping->offset + (address - mapping->start));
  if (!in_file) return std::nullopt;
  for (File::Segment& segment : file->segments) {
    if (segment.range.contains(*in_file)) return segment.sites.at(*in_file).moved_by(address - *in_file);
  }
  return std::nullopt;
}

const std::vector<NumberedSite>& CodeFiles::all_sites(File& file) {
  if (file.all) return *file.all;
  file.all.emplace();
  for (File::Segment& segment : file.segments) {
    for (const std::uint64_t address : segment.sites.instructions()) {
      const CallSite& site = segment.sites.at(address);
      if (site.shape != SiteShape::unpatched) file.all->push_back({site, segment.sites.number_at(address)});
    }
  }
  return *file.all;
}

std::vector<NumberedSite> CodeFiles::sites_of(pid_t pid) {
  std::vector<NumberedSite> sites;
  for (const proc::Mapping& mapping : private_code_of(pid)) {
    const UniqueFd fd = open_mapped_file(pid, mapping);
    File* file = fd ? file_of(fd.get()) : nullptr;
    const auto start = file != nullptr && file->facts ? file->facts->address_at(mapping.offset) : std::nullopt;
    if (!start) continue;
    for (const NumberedSite& one : all_sites(*file)) {
      if (one.site.address - *start < mapping.end - mapping.start)
        sites.push_back({one.site.moved_by(mapping.start - *start), one.number});
    }
  }
  return sites;
}

}  // namespace vdsotrace
