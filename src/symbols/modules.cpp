#include "symbols/modules.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <cstring>

#include "os/memory/remote_memory.hpp"
#include "os/memory/vdso_mapping.hpp"
#include "vdsotrace/vdso_image.hpp"

namespace vdsotrace {
namespace {

constexpr std::string_view kDeleted = " (deleted)";
/// No image is wider than small code models allow.
constexpr std::uint64_t kWidest = std::uint64_t{1} << 32;

/// What find_elf hands over.
struct Pending {
  int fd = -1;
  Elf* elf = nullptr;
};

int find_elf(Dwfl_Module*, void** userdata, const char* name, Dwarf_Addr, char** file_name, Elf** elf) {
  auto* pending = static_cast<Pending*>(*userdata);
  if (pending == nullptr) return -1;
  *elf = std::exchange(pending->elf, nullptr);
  *file_name = ::strdup(name);
  return std::exchange(pending->fd, -1);
}

/// Debugging information is looked for on this machine's disks only, by build-id.
char* debug_path = nullptr;
const Dwfl_Callbacks kCallbacks = {find_elf, dwfl_build_id_find_debuginfo, nullptr, &debug_path};

bool same_code(const proc::Mapping& a, const proc::Mapping& b) {
  return a.start == b.start && a.end == b.end && a.offset == b.offset && a.inode == b.inode && a.name == b.name;
}

/// Where the image lies that has the range, if the range is a part of it.
std::optional<std::uint64_t> bias_of(const ModuleFacts& facts, const proc::Mapping& mapping) {
  const auto address = facts.address_at(mapping.offset);
  return address ? std::optional(mapping.start - *address) : std::nullopt;
}

}  // namespace

std::string CodeRange::file() const {
  std::string_view name = mapping.name;
  if (name.ends_with(kDeleted)) name.remove_suffix(kDeleted.size());
  if (name.starts_with("//anon") || name.starts_with("[anon") || name == "[heap]" || name == "[stack]") return {};
  return std::string(name);
}

bool Module::read(std::uint64_t address, std::span<std::byte> into) const {
  const auto offset = facts.offset_of(address - bias, into.size());
  Dwarf_Addr unused = 0;
  Elf* elf = offset ? dwfl_module_getelf(dwfl, &unused) : nullptr;
  if (elf == nullptr) return false;
  const Elf_Data* data = elf_getdata_rawchunk(elf, static_cast<std::int64_t>(*offset), into.size(), ELF_T_BYTE);
  if (data == nullptr || data->d_size != into.size()) return false;
  std::memcpy(into.data(), data->d_buf, into.size());
  return true;
}

Modules::Modules() { elf_version(EV_CURRENT); }
Modules::~Modules() = default;

void Modules::start_anew() {
  dwfl_.reset();
  modules_.clear();
  memory_images_.clear();
}

bool Modules::refresh(pid_t pid) {
  std::vector<proc::Mapping> now = proc::mappings(pid);
  std::erase_if(now, [](const proc::Mapping& mapping) { return !mapping.executable; });
  // A process that is ending has no memory any more; what is known of it stays true.
  if (now.empty()) return false;
  std::vector<CodeRange> ranges;
  for (proc::Mapping& mapping : now) ranges.push_back({std::move(mapping), nullptr, false});
  const bool changed = !take_files(ranges);
  if (changed) start_anew();
  ranges_ = std::move(ranges);
  return changed;
}

/// Gives ranges of files the modules that they have, if there are the same files as before. Code that a runtime makes
/// while the program runs is in none, and comes and goes all the time.
bool Modules::take_files(std::vector<CodeRange>& ranges) const {
  const auto files_in = [](auto& all) {
    std::vector<decltype(&all.front())> files;
    for (auto& range : all) {
      if (!range.file().empty()) files.push_back(&range);
    }
    return files;
  };
  const auto known = files_in(ranges_);
  const auto now = files_in(ranges);
  const bool same = !ranges_.empty() &&
                    std::ranges::equal(known, now, [](const CodeRange* one, const CodeRange* other) {
                      return same_code(one->mapping, other->mapping);
                    });
  for (std::size_t i = 0; same && i < now.size(); ++i) *now[i] = *known[i];
  return same;
}

CodeRange* Modules::range_at(std::uint64_t address) {
  auto range = std::ranges::upper_bound(ranges_, address, {}, [](const CodeRange& r) { return r.mapping.start; });
  if (range == ranges_.begin()) return nullptr;
  --range;
  return address < range->mapping.end ? &*range : nullptr;
}

CodeRange* Modules::range_of(const std::string& name) {
  const auto range =
      std::ranges::find(ranges_, name, [](const CodeRange& r) -> const std::string& { return r.mapping.name; });
  return range != ranges_.end() && !name.empty() ? &*range : nullptr;
}

Modules::Image Modules::open(pid_t pid, const CodeRange& range) {
  if (!range.is_vdso()) {
    UniqueFd fd = open_mapped_file(pid, range.mapping);
    if (!fd) return {};
    // Not mapped: the program may truncate the file while we read it.
    OwnedElf elf(elf_begin(fd.get(), ELF_C_READ, nullptr));
    return {std::move(fd), std::move(elf)};
  }
  const std::uint64_t size = range.mapping.end - range.mapping.start;
  if (size > kLargestVdso) return {};
  auto& bytes = memory_images_.emplace_back(size);
  if (RemoteMemory(pid).read(range.mapping.start, bytes) != size) return {};
  return {UniqueFd(), OwnedElf(elf_memory(reinterpret_cast<char*>(bytes.data()), bytes.size()))};
}

const Module* Modules::module_of(pid_t pid, CodeRange& range) {
  if (std::exchange(range.looked_at, true)) return range.module;
  Image image = open(pid, range);
  if (!image.elf) return nullptr;
  auto facts = module_facts(image.elf.get());
  if (!facts) return nullptr;
  const auto bias = bias_of(*facts, range.mapping);
  if (!bias) return nullptr;
  const auto is_part = [&](const CodeRange& other) {
    return other.mapping.inode == range.mapping.inode && other.mapping.name == range.mapping.name &&
           bias_of(*facts, other.mapping) == bias;
  };
  std::uint64_t end = range.mapping.end;
  for (const CodeRange& other : ranges_) {
    if (is_part(other)) end = std::max(end, other.mapping.end);
  }
  const Module* module =
      report({range.mapping.name, range.mapping.inode, nullptr, *bias, *facts}, std::move(image), end);
  for (CodeRange& other : ranges_) {
    if (!is_part(other)) continue;
    other.module = module;
    other.looked_at = true;
  }
  return module;
}

/// Makes libdwfl take the image as it lies in memory; null if it would take it otherwise.
const Module* Modules::report(Module&& module, Image&& image, std::uint64_t end) {
  const std::uint64_t start = module.bias + module.facts.lowest;
  if (start >= end || end - start > kWidest) return nullptr;
  if (!dwfl_) dwfl_.reset(dwfl_begin(&kCallbacks));
  if (!dwfl_) return nullptr;
  dwfl_report_begin_add(dwfl_.get());
  module.dwfl = dwfl_report_module(dwfl_.get(), module.name.c_str(), start, end);
  dwfl_report_end(dwfl_.get(), nullptr, nullptr);
  void** userdata = nullptr;
  if (module.dwfl == nullptr ||
      dwfl_module_info(module.dwfl, &userdata, nullptr, nullptr, nullptr, nullptr, nullptr, nullptr) == nullptr)
    return nullptr;
  Pending pending{image.fd.release(), image.elf.release()};
  *userdata = &pending;
  Dwarf_Addr bias = 0;
  Elf* taken = dwfl_module_getelf(module.dwfl, &bias);
  *userdata = nullptr;
  // Now theirs, unless they never asked for it.
  image.fd.reset(pending.fd);
  image.elf.reset(pending.elf);
  if (taken == nullptr || bias != module.bias) return nullptr;
  return modules_.emplace_back(std::make_unique<Module>(std::move(module))).get();
}

}  // namespace vdsotrace
