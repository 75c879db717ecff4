// Files of this machine: the C library that this program runs with, and those that VDSOTRACE_SURVEY names.
#include "symbols/file_code.hpp"

#include <dlfcn.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <array>
#include <cstdlib>
#include <cstring>
#include <iostream>
#include <map>
#include <memory>
#include <sstream>

#include <fmt/core.h>

#include "base/unique_fd.hpp"
#include "model/code/call_sites.hpp"
#include "support/catch.hpp"

namespace vdsotrace {
namespace {

struct File {
  UniqueFd fd;
  std::unique_ptr<Elf, int (*)(Elf*)> elf{nullptr, elf_end};
};

File open_file(const std::string& path) {
  elf_version(EV_CURRENT);
  File file{UniqueFd(::open(path.c_str(), O_RDONLY | O_CLOEXEC))};
  if (file.fd) file.elf.reset(elf_begin(file.fd.get(), ELF_C_READ, nullptr));
  return file;
}

std::string c_library() {
  Dl_info info{};
  return ::dladdr(reinterpret_cast<void*>(::dlsym(RTLD_DEFAULT, "getppid")), &info) != 0 ? info.dli_fname : "";
}

void add_sites(const CodeSegment& segment, AddressRange piece, std::vector<std::uint64_t>& sites) {
  auto decoder = X86Decoder::open(Machine::x86_64);
  REQUIRE(decoder);
  const std::span<const std::byte> code(segment.bytes);
  for (std::uint64_t at = piece.start - segment.address; at < piece.end - segment.address;) {
    const auto instruction = decoder->decode(code.subspan(at));
    if (instruction && instruction->flow == Flow::system_call && code[at] == std::byte{0x0f})
      sites.push_back(segment.address + at);
    at += instruction ? instruction->length : 1;
  }
}

/// Every system call that is met by reading on from where each function begins, and from where it ends.
std::vector<std::uint64_t> sites_in(const CodeSegment& segment, const FunctionTable& functions) {
  std::vector<std::uint64_t> sites;
  const AddressRange all{segment.address, segment.address + segment.bytes.size()};
  std::uint64_t read_to = all.start;
  for (const AddressRange& function : functions.within(all)) {
    add_sites(segment, {read_to, function.start}, sites);
    read_to = std::min(function.end, all.end);
    add_sites(segment, {function.start, read_to}, sites);
  }
  add_sites(segment, {read_to, all.end}, sites);
  return sites;
}

/// The sites of a file by what becomes of them: "padded", "relayed", "headed", "widened", or the reason why nothing
/// does.
using Survey = std::map<std::string, std::vector<std::uint64_t>>;

std::string outcome(const CallSite& site) {
  switch (site.shape) {
    case SiteShape::padded: return "padded";
    case SiteShape::relayed: return "relayed";
    case SiteShape::headed: return "headed";
    case SiteShape::widened: return "widened";
    case SiteShape::unpatched: break;
  }
  return site.reason;
}

Survey survey(const std::string& path) {
  Survey found;
  const File file = open_file(path);
  if (!file.elf) return found;
  const FunctionTable functions = functions_of(file.elf.get());
  for (CodeSegment& segment : code_segments_of(file.elf.get(), file.fd.get())) {
    const auto addresses = sites_in(segment, functions);
    auto sites = CallSites::open(std::move(segment.bytes), segment.address, functions);
    REQUIRE(sites);
    for (const std::uint64_t address : addresses) found[outcome(sites->at(address))].push_back(address);
  }
  return found;
}

TEST_CASE("most system calls of the C library can be patched", "[file_code]") {
  Survey found = survey(c_library());
  INFO(c_library());
  std::size_t all = 0;
  for (const auto& [what, sites] : found) all += sites.size();
  CHECK(all > 300);
  CHECK(found["padded"].size() + found["relayed"].size() + found["headed"].size() + found["widened"].size() >=
        all * 9 / 10);
  CHECK(found["it returns from signal handlers"].size() == 1);
}

TEST_CASE("functions of the C library have their bounds", "[file_code]") {
  const File file = open_file(c_library());
  REQUIRE(file.elf);
  const FunctionTable functions = functions_of(file.elf.get());
  Dl_info info{};
  const auto symbol = reinterpret_cast<std::uint64_t>(::dlsym(RTLD_DEFAULT, "getppid"));
  REQUIRE(::dladdr(reinterpret_cast<void*>(symbol), &info) != 0);
  const std::uint64_t entry = symbol - reinterpret_cast<std::uint64_t>(info.dli_fbase);
  const auto getppid_range = functions.around(entry);
  REQUIRE(getppid_range);
  CHECK(getppid_range->start == entry);
  CHECK(getppid_range->size() < 64);
  // More than the symbols say: the functions without a name, too.
  CHECK(functions.size() > 2500);
}

TEST_CASE("what is no file of ours has no code", "[file_code]") {
  const File text = open_file("/proc/self/status");
  if (text.elf) {
    CHECK(code_segments_of(text.elf.get(), text.fd.get()).empty());
    CHECK(functions_of(text.elf.get()).empty());
  }
}

/// The code of the C library, copied to where it can be changed, with room for stubs behind it.
class Copy {
 public:
  static constexpr std::size_t kStubs = 65536;
  explicit Copy(const CodeSegment& segment)
      : size_(segment.bytes.size() + kStubs),
        start_(::mmap(nullptr, size_, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)) {
    if (start_ == MAP_FAILED) throw std::runtime_error("no memory for code");
    std::memcpy(start_, segment.bytes.data(), segment.bytes.size());
    next_ = at(segment.bytes.size());
  }
  ~Copy() { ::munmap(start_, size_); }
  Copy(const Copy&) = delete;
  Copy& operator=(const Copy&) = delete;
  std::uint64_t at(std::uint64_t offset) const { return reinterpret_cast<std::uint64_t>(start_) + offset; }
  static void write(std::uint64_t address, std::span<const std::byte> bytes) {
    std::memcpy(reinterpret_cast<void*>(address), bytes.data(), bytes.size());
  }
  /// A stub that makes the call and answers one more.
  void patch(const CallSite& site) {
    const std::array<std::uint8_t, 6> code{0x0f, 0x05, 0x48, 0x8d, 0x40, 0x01};  // syscall; lea 1(%rax), %rax
    const auto tail = site.tail(next_ + code.size());
    const auto writes = site.patch(next_);
    REQUIRE(tail);
    REQUIRE(writes);
    write(next_, std::as_bytes(std::span(code)));
    write(next_ + code.size(), tail->bytes);
    for (const CodeWrite& change : *writes) write(change.address, change.bytes);
    next_ += code.size() + tail->bytes.size();
  }

 private:
  std::size_t size_;
  void* start_;
  std::uint64_t next_ = 0;
};

TEST_CASE("patched functions of the C library call by their stubs", "[file_code]") {
  const File file = open_file(c_library());
  REQUIRE(file.elf);
  const FunctionTable functions = functions_of(file.elf.get());
  const auto segments = code_segments_of(file.elf.get(), file.fd.get());
  REQUIRE(segments.size() == 1);
  const CodeSegment& segment = segments.front();
  Copy copy(segment);
  auto sites = CallSites::open(segment.bytes, segment.address, functions);
  REQUIRE(sites);
  Dl_info info{};
  for (const char* name : {"getppid", "getuid", "geteuid", "getgid", "sched_yield"}) {
    INFO(name);
    const auto symbol = reinterpret_cast<std::uint64_t>(::dlsym(RTLD_DEFAULT, name));
    REQUIRE(::dladdr(reinterpret_cast<void*>(symbol), &info) != 0);
    const auto function = functions.around(symbol - reinterpret_cast<std::uint64_t>(info.dli_fbase));
    REQUIRE(function);
    const auto call = [&] { return reinterpret_cast<long (*)()>(copy.at(function->start - segment.address))(); };
    const long before = call();
    CHECK(before == reinterpret_cast<long (*)()>(symbol)());
    std::size_t patched = 0;
    std::vector<std::uint64_t> addresses;
    add_sites(segment, *function, addresses);
    for (const std::uint64_t address : addresses) {
      const CallSite& site = sites->at(address);
      REQUIRE(site.shape != SiteShape::unpatched);
      copy.patch(site.moved_by(copy.at(0) - segment.address));
      ++patched;
    }
    CHECK(patched == 1);
    CHECK(call() == before + 1);
  }
}

TEST_CASE("survey of the files that VDSOTRACE_SURVEY names", "[.survey]") {
  const char* paths = std::getenv("VDSOTRACE_SURVEY");
  std::istringstream names(paths != nullptr ? paths : c_library());
  for (std::string path; std::getline(names, path, ':');) {
    std::cout << path << "\n";
    for (const auto& [what, sites] : survey(path)) {
      std::cout << fmt::format("  {:4} {}:", sites.size(), what);
      for (std::size_t i = 0; i < std::min<std::size_t>(sites.size(), 60); ++i)
        std::cout << fmt::format(" {:x}", sites[i]);
      std::cout << "\n";
    }
  }
}

}  // namespace
}  // namespace vdsotrace
