#include "engines/syscalls/sites/code_files.hpp"

#include <fcntl.h>
#include <fmt/core.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include <algorithm>
#include <chrono>
#include <vector>

#include "engines/syscalls/sites/code_file.hpp"
#include "os/proc/mapping_query.hpp"
#include "os/procfs.hpp"
#include "symbols/module_file.hpp"

namespace vdsotrace {
namespace {

constexpr std::uint8_t kStopsOfAll = 16;
constexpr int kStopsOfOne = 3;
/// Of all processes, for a patch of low cost in a file that is taken apart beside them; and so many at any sites before
/// the first: a program that does nothing stops 25 times, and takes less time than its C library.
constexpr std::uint8_t kStopsBeside = 2;
constexpr int kStopsAnywhere = 40;
constexpr std::int64_t kNsPerSecond = 1'000'000'000;

/// A private mapping of a file whose code cannot be written ("r-xp", proc(5)).
bool is_private_code(const proc::Mapping& mapping) {
  return mapping.readable && mapping.executable && !mapping.writable && !mapping.shared && mapping.inode != 0;
}

std::vector<proc::Mapping> private_code_of(pid_t pid) {
  auto mappings = proc::mappings(pid);
  std::erase_if(mappings, [](const proc::Mapping& mapping) { return !is_private_code(mapping); });
  return mappings;
}

std::optional<proc::Mapping> private_code_at(pid_t pid, std::uint64_t address) {
  const auto mapping = OpenMappings(pid).at(address, pid);
  return mapping && is_private_code(*mapping) ? mapping : std::nullopt;
}

CodeFile::Segment* segment_at(CodeFile& file, std::uint64_t address) {
  const auto has = [address](const CodeFile::Segment& segment) { return segment.range.contains(address); };
  const auto found = std::ranges::find_if(file.segments, has);
  return found != file.segments.end() ? &*found : nullptr;
}

bool is_unfinished(const CodeReader::Reading& reading) {
  return reading.valid() && reading.wait_for(std::chrono::seconds(0)) != std::future_status::ready;
}

}  // namespace

CodeFiles::CodeFiles() = default;
CodeFiles::~CodeFiles() = default;

bool CodeFiles::are_being_read() {
  return std::ranges::any_of(files_, [](const auto& file) { return is_unfinished(file.second.reading); });
}

CodeFiles::Identity CodeFiles::identity_of(const struct statx& facts) {
  return {makedev(facts.stx_dev_major, facts.stx_dev_minor), facts.stx_ino, facts.stx_size,
          facts.stx_mtime.tv_sec * kNsPerSecond + facts.stx_mtime.tv_nsec};
}

/// Of the file that is mapped, where the process still has it by that name.
std::optional<CodeFiles::Identity> CodeFiles::identity_at(pid_t pid, const proc::Mapping& mapping) {
  if (mapping.inode == 0 || !mapping.name.starts_with('/')) return std::nullopt;
  const auto facts = procfs::facts_of_target(fmt::format("{}/root{}", pid, mapping.name));
  if (!facts || !S_ISREG(facts->stx_mode) || facts->stx_ino != mapping.inode) return std::nullopt;
  return identity_of(*facts);
}

/// One that is known is not opened.
CodeFiles::File* CodeFiles::file_of(pid_t pid, const proc::Mapping& mapping) {
  const auto identity = identity_at(pid, mapping);
  if (const auto known = identity ? files_.find(*identity) : files_.end(); known != files_.end()) return &known->second;
  UniqueFd fd = open_mapped_file(pid, mapping);
  return fd ? file_of(std::move(fd)) : nullptr;
}

CodeFiles::File* CodeFiles::file_of(UniqueFd fd) {
  struct statx facts {};
  if (::statx(fd.get(), "", AT_EMPTY_PATH, STATX_BASIC_STATS, &facts) != 0) return nullptr;
  const Identity identity = identity_of(facts);
  if (const auto known = files_.find(identity); known != files_.end()) return &known->second;
  if (files_.size() >= kMost) files_.clear();
  return &(files_[identity] = {nullptr, reader_.read(std::move(fd))});
}

/// What has been read, waited for.
CodeFile& CodeFiles::content_of(File& file) {
  if (file.reading.valid()) file.content = file.reading.get();
  return *file.content;
}

bool CodeFiles::pays_after(int stops, std::uint64_t address, Cost cost) {
  std::uint8_t& of_all = stops_[address % kPage];
  if (of_all < kStopsOfAll) ++of_all;
  if (stops_anywhere_ < kStopsAnywhere) ++stops_anywhere_;
  const bool pays_beside = of_all >= kStopsBeside && stops_anywhere_ == kStopsAnywhere;
  if (cost == Cost::low && reader_.is_usable() && pays_beside) return true;
  return of_all == kStopsOfAll && stops >= kStopsOfOne;
}

CodeFiles::Answer CodeFiles::site_at(pid_t pid, std::uint64_t address, Wait wait) {
  const auto mapping = private_code_at(pid, address);
  File* file = mapping ? file_of(pid, *mapping) : nullptr;
  if (file == nullptr) return {};
  if (wait == Wait::no && is_unfinished(file->reading)) return {std::nullopt, true};
  CodeFile& content = content_of(*file);
  const auto in_file = content.facts ? content.facts->address_at(mapping->offset + (address - mapping->start))
                                     : std::nullopt;
  CodeFile::Segment* const segment = in_file ? segment_at(content, *in_file) : nullptr;
  if (segment == nullptr) return {};
  const std::uint64_t bias = address - *in_file;
  return {segment->sites.at(*in_file).moved_by(bias), false, &content, {mapping->start, mapping->end}, bias};
}

void CodeFiles::note_used(const Answer& answer, std::int64_t nr, std::optional<std::uint32_t> clock) {
  answer.file->used.try_emplace(answer.site->address - answer.bias, CodeFile::UsedFor{nr, clock});
}

std::vector<UsedSite> CodeFiles::used_sites(const Answer& answer) {
  std::vector<UsedSite> sites;
  for (const auto& [in_file, used] : answer.file->used) {
    if (!answer.mapped.contains(in_file + answer.bias)) continue;
    if (CodeFile::Segment* const segment = segment_at(*answer.file, in_file))
      sites.push_back({segment->sites.at(in_file).moved_by(answer.bias), used.nr, used.clock});
  }
  return sites;
}

const std::vector<NumberedSite>& CodeFiles::all_sites(CodeFile& file) {
  if (file.all) return *file.all;
  file.all.emplace();
  for (CodeFile::Segment& segment : file.segments) {
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
    File* file = file_of(pid, mapping);
    CodeFile* content = file != nullptr ? &content_of(*file) : nullptr;
    const auto start = content != nullptr && content->facts ? content->facts->address_at(mapping.offset) : std::nullopt;
    if (!start) continue;
    for (const NumberedSite& one : all_sites(*content)) {
      if (one.site.address - *start < mapping.end - mapping.start)
        sites.push_back({one.site.moved_by(mapping.start - *start), one.number});
    }
  }
  return sites;
}

}  // namespace vdsotrace
