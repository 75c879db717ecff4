// When it pays to find out how system calls can give way to jumps, and that it is found out.
#include "engines/syscalls/sites/code_files.hpp"

#include <dlfcn.h>
#include <sched.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <span>
#include <thread>

#include "support/catch.hpp"
#include "support/scripted_kernel.hpp"

using namespace vdsotrace;
using namespace vdsotrace::testing;

namespace {

/// Where a function of our own C library makes its system call; 0 if it does not begin with that.
std::uint64_t call_in(const char* function) {
  constexpr std::array kCall{std::byte{0x0f}, std::byte{0x05}};
  const auto* start = static_cast<const std::byte*>(::dlsym(RTLD_DEFAULT, function));
  if (start == nullptr) return 0;
  const std::span<const std::byte> code(start, 32);
  const auto found = std::search(code.begin(), code.end(), kCall.begin(), kCall.end());
  return found == code.end() ? 0 : reinterpret_cast<std::uint64_t>(&*found);
}

/// As long as it lives, the thread has one processor.
class OneProcessor {
 public:
  OneProcessor() {
    ::sched_getaffinity(0, sizeof before_, &before_);
    cpu_set_t one;
    CPU_ZERO(&one);
    CPU_SET(static_cast<std::size_t>(::sched_getcpu()), &one);
    ::sched_setaffinity(0, sizeof one, &one);
  }
  ~OneProcessor() { ::sched_setaffinity(0, sizeof before_, &before_); }
  OneProcessor(const OneProcessor&) = delete;
  OneProcessor& operator=(const OneProcessor&) = delete;

 private:
  cpu_set_t before_{};
};

/// How often each of many sites has to stop.
int stops_until_it_pays(CodeFiles& files, CodeFiles::Cost cost) {
  constexpr std::uint64_t kSites = 60, kFirst = 0x7f1234567100;
  for (int stops = 1; stops < 100; ++stops) {
    bool pays = true;
    for (std::uint64_t site = kFirst; site < kFirst + kSites; ++site)
      pays = files.pays_after(stops, site, cost) && pays;
    if (pays) return stops;
  }
  return 100;
}

}  // namespace

TEST_CASE("stops of all processes count for whether it pays to look at a site") {
  ScriptedKernel kernel;
  const KernelInstead instead{kernel};
  CodeFiles files;
  const std::uint64_t site = 0x7f1234567890, elsewhere = 0x7fabcdef0890;
  int stops = 1;
  while (stops < 100 && !files.pays_after(stops, site, CodeFiles::Cost::high)) ++stops;
  CHECK(stops > 3);
  CHECK(stops < 100);
  // The same file, mapped elsewhere, in the next process; and another place.
  int there = 1;
  while (there < 100 && !files.pays_after(there, elsewhere, CodeFiles::Cost::high)) ++there;
  CHECK(there > 1);
  CHECK(there < stops);
  CHECK_FALSE(files.pays_after(there, elsewhere + 1, CodeFiles::Cost::high));
  // Many processes that call from there once each.
  for (int process = 0; process < 100; ++process) CHECK_FALSE(files.pays_after(1, 0x400123, CodeFiles::Cost::high));
  CHECK(files.pays_after(there, 0x400123, CodeFiles::Cost::high));
}

TEST_CASE("it pays sooner where files are read beside their processes and a patch costs little") {
  cpu_set_t set;
  REQUIRE(::sched_getaffinity(0, sizeof set, &set) == 0);
  CodeFiles files, dear;
  const int stops = stops_until_it_pays(files, CodeFiles::Cost::low);
  const int stops_if_dear = stops_until_it_pays(dear, CodeFiles::Cost::high);
  CHECK((stops < stops_if_dear) == (CPU_COUNT(&set) > 1));
  const OneProcessor one;
  CodeFiles alone;
  CHECK(stops_until_it_pays(alone, CodeFiles::Cost::low) == stops_if_dear);
}

TEST_CASE("for a program that makes few calls no file is read") {
  CodeFiles files;
  for (int stops = 1; stops <= 3; ++stops) {
    for (std::uint64_t site = 0; site < 8; ++site)
      CHECK_FALSE(files.pays_after(stops, 0x7f1234567890 + site, CodeFiles::Cost::low));
  }
}

TEST_CASE("sites of a file are known once it has been read") {
  const std::uint64_t call = call_in("getppid");
  REQUIRE(call != 0);
  CodeFiles files;
  CHECK_FALSE(files.are_being_read());
  (void)files.site_at(::getpid(), call);
  while (files.are_being_read()) std::this_thread::yield();
  const CodeFiles::Answer answer = files.site_at(::getpid(), call);
  CHECK_FALSE(answer.later);
  REQUIRE(answer.site);
  CHECK(answer.site->address == call);
  CHECK(answer.site->shape != SiteShape::unpatched);
  CHECK_FALSE(files.site_at(::getpid(), 0x1000).later);
}

TEST_CASE("what a site has been patched for is known wherever its file is asked for") {
  const std::uint64_t parent = call_in("getppid"), user = call_in("getuid");
  REQUIRE((parent != 0 && user != 0));
  const OneProcessor one;
  CodeFiles files;
  const CodeFiles::Answer first = files.site_at(::getpid(), parent);
  REQUIRE(first.site);
  CHECK(CodeFiles::used_sites(first).empty());
  CodeFiles::note_used(first, SYS_getppid, std::nullopt);
  const CodeFiles::Answer second = files.site_at(::getpid(), user);
  REQUIRE(second.site);
  CodeFiles::note_used(second, SYS_getuid, 1);
  // A site is patched for one call only.
  CodeFiles::note_used(second, SYS_getgid, std::nullopt);
  CodeFiles::Answer elsewhere = files.site_at(::getpid(), parent);
  elsewhere.bias += kPage;
  elsewhere.mapped = {elsewhere.mapped.start + kPage, elsewhere.mapped.end + kPage};
  const auto used = CodeFiles::used_sites(elsewhere);
  REQUIRE(used.size() == 2);
  for (const UsedSite& site : used) {
    const bool is_parent = site.site.address == parent + kPage;
    CHECK((is_parent || site.site.address == user + kPage));
    CHECK(site.nr == (is_parent ? SYS_getppid : SYS_getuid));
    CHECK(site.clock.has_value() != is_parent);
  }
  elsewhere.mapped = {parent + kPage, parent + kPage + 1};
  CHECK(CodeFiles::used_sites(elsewhere).size() == 1);
}

TEST_CASE("whoever waits for a file is answered at once") {
  const std::uint64_t call = call_in("getppid");
  REQUIRE(call != 0);
  CodeFiles files;
  const CodeFiles::Answer answer = files.site_at(::getpid(), call, CodeFiles::Wait::yes);
  CHECK_FALSE(answer.later);
  CHECK(answer.site);
}

TEST_CASE("files are read at once where there is one processor") {
  const std::uint64_t call = call_in("getppid");
  REQUIRE(call != 0);
  const OneProcessor one;
  CodeFiles files;
  CHECK(files.site_at(::getpid(), call).site);
}

TEST_CASE("files may be left before they are read") {
  const std::uint64_t call = call_in("getppid");
  REQUIRE(call != 0);
  CodeFiles files;
  (void)files.site_at(::getpid(), call);
}
