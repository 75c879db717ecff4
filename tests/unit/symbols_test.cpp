// Our own process is the one that is looked at.
#include <dlfcn.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>

#include "os/remote_memory.hpp"
#include "support/catch.hpp"
#include "symbols/c_library.hpp"
#include "symbols/frame_rule.hpp"
#include "symbols/modules.hpp"
#include "symbols/perf_map.hpp"
#include "symbols/symbols.hpp"

// Functions whose frames are known to the byte. The label stands where a call would return to.
extern "C" const char vdsotrace_test_by_stack[], vdsotrace_test_by_frame[], vdsotrace_test_no_rule[];
__asm__(R"(
        .text
        .type vdsotrace_test_counts, @function
vdsotrace_test_counts:
        .cfi_startproc
        push %rbx
        .cfi_def_cfa_offset 16
        sub $40, %rsp
        .cfi_def_cfa_offset 56
        nop
vdsotrace_test_by_stack:
        nop
        ret
        .cfi_endproc
        .size vdsotrace_test_counts, .-vdsotrace_test_counts
        .type vdsotrace_test_frames, @function
vdsotrace_test_frames:
        .cfi_startproc
        push %rbp
        .cfi_def_cfa_offset 16
        .cfi_offset 6, -16
        mov %rsp, %rbp
        .cfi_def_cfa_register 6
        nop
vdsotrace_test_by_frame:
        nop
        ret
        .cfi_endproc
        .size vdsotrace_test_frames, .-vdsotrace_test_frames
        .type vdsotrace_test_silent, @function
vdsotrace_test_silent:
        nop
vdsotrace_test_no_rule:
        nop
        ret
        .size vdsotrace_test_silent, .-vdsotrace_test_silent
)");

namespace vdsotrace {
namespace {

std::uint64_t address_of(const void* place) { return reinterpret_cast<std::uint64_t>(place); }

const Module* own_module(Modules& modules, std::uint64_t address) {
  modules.refresh(::getpid());
  CodeRange* range = modules.range_at(address);
  return range == nullptr ? nullptr : modules.module_of(::getpid(), *range);
}

}  // namespace

TEST_CASE("the C library is told by the names of its files") {
  for (const auto* name : {"/usr/lib/x86_64-linux-gnu/libc.so.6", "/lib/libc-2.31.so", "/lib64/ld-linux-x86-64.so.2",
                           "/lib/x86_64-linux-gnu/ld-2.31.so", "libpthread-2.31.so", "/lib/libpthread.so.0", "librt.so.1",
                           "/lib/ld-musl-x86_64.so.1", "/lib/libc.musl-x86_64.so.1", "/lib/libc.so", "/lib/ld64.so.2"}) {
    CAPTURE(name);
    CHECK(is_c_library(name));
  }
  for (const auto* name : {"/usr/lib/libcrypto.so.3", "/usr/lib/libc++.so.1", "/usr/bin/ld", "/opt/libc.so.6/app", "libc-client.so",
                           "/usr/lib/libc.sofa", "/usr/lib/libldap.so", "", "libcap.so.2", "libfaketime.so.1", "libc.so.x"}) {
    CAPTURE(name);
    CHECK_FALSE(is_c_library(name));
  }
}

TEST_CASE("wrappers of time calls are known by name") {
  CHECK(is_time_wrapper("clock_gettime"));
  CHECK(is_time_wrapper("__clock_gettime64"));
  CHECK(is_time_wrapper("timespec_get"));
  CHECK(is_time_wrapper("time_syscall"));
  CHECK_FALSE(is_time_wrapper("my_clock_gettime"));
  CHECK_FALSE(is_time_wrapper(""));
  CHECK_FALSE(is_time_wrapper("main"));
}

TEST_CASE("a perf map is taken as it grows") {
  PerfMap map;
  map.add("1000 20 first\n2000 10 Lj");
  CHECK(map.find(0x101f).name == "first");
  CHECK(map.find(0x1020).name.empty());
  CHECK(map.find(0xfff).name.empty());
  CHECK(map.find(0x2000).name.empty());
  map.add("ava/lang/String;::at with blanks\n");
  CHECK(map.find(0x200f).name == "Ljava/lang/String;::at with blanks");
  CHECK(map.find(0x200f).start == 0x2000);
}

TEST_CASE("newer code takes the place of older code in a perf map") {
  PerfMap map;
  map.add("1000 100 old\n1200 100 other\n0x1080 0x200 new\n");
  CHECK(map.find(0x1000).name.empty());
  CHECK(map.find(0x1080).name == "new");
  CHECK(map.find(0x127f).name == "new");
  CHECK(map.find(0x1280).name.empty());
}

TEST_CASE("what is no line of a perf map is skipped") {
  PerfMap map;
  map.add("\n \nzz 10 x\n1000\n1000 \n1000 10\n1000 10 \n1000 0 nothing\nffffffffffffffff 10 wraps\n-1 10 x\n1000 g x\n");
  map.add("10000000000000000 1 too large\n" + std::string(10'000, 'a') + "\n" + std::string(10'000, '1'));
  map.add(" 10 x\n3000 10 good\n");
  CHECK(map.size() == 1);
  CHECK(map.find(0x3000).name == "good");
}

TEST_CASE("the rule of a return address is taken from the unwind information") {
  Modules modules;
  const Module* module = own_module(modules, address_of(vdsotrace_test_by_stack));
  REQUIRE(module != nullptr);
  CHECK(return_address_rule(module->dwfl, address_of(vdsotrace_test_by_stack)) == std::optional<std::uint64_t>(48));
  CHECK(return_address_rule(module->dwfl, address_of(vdsotrace_test_by_frame)) == std::nullopt);
  CHECK(has_frame_rule(module->dwfl, address_of(vdsotrace_test_by_frame)));
  CHECK(return_address_rule(module->dwfl, address_of(vdsotrace_test_no_rule)) == std::nullopt);
  CHECK_FALSE(has_frame_rule(module->dwfl, address_of(vdsotrace_test_no_rule)));
}

TEST_CASE("a place has the name of the function that covers it") {
  Symbols symbols;
  const Caller place = symbols.place(::getpid(), address_of(vdsotrace_test_by_stack));
  CHECK(place.symbol == "vdsotrace_test_counts");
  CHECK(place.offset == 6);
  CHECK(place.module.ends_with("/unit_tests"));
  CHECK_FALSE(symbols.in_c_library(::getpid(), place.address));
  const auto exit_address = address_of(::dlsym(::dlopen("libc.so.6", RTLD_NOW | RTLD_NOLOAD), "_exit"));
  CHECK(symbols.in_c_library(::getpid(), exit_address + 1));
  CHECK(symbols.instruction(::getpid(), exit_address).symbol == "_exit");
  CHECK(symbols.place(::getpid(), 0x1000).module.empty());
}

TEST_CASE("what is mapped later is found, and what was unmapped is not") {
  Symbols symbols;
  CHECK(symbols.place(::getpid(), address_of(vdsotrace_test_by_stack)).symbol == "vdsotrace_test_counts");
  void* code = ::mmap(nullptr, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  REQUIRE(code != MAP_FAILED);
  const Caller place = symbols.place(::getpid(), address_of(code) + 16);
  CHECK(place.module.empty());
  CHECK(place.symbol.empty());
  ::munmap(code, 4096);
  symbols.outdate();
  CHECK(symbols.place(::getpid(), address_of(vdsotrace_test_by_stack)).symbol == "vdsotrace_test_counts");
}

TEST_CASE("a look at the stack finds who is outside the C library, or says that it does not know") {
  Symbols symbols;
  std::uint64_t asked = 0;
  const auto one_word = [&](std::uint64_t address) {
    asked = address;
    return std::optional<std::uint64_t>(0x1234);
  };
  const std::uint64_t ours = address_of(vdsotrace_test_by_stack);
  CHECK(symbols.outside_c_library(::getpid(), ours, 0x1000, one_word) == std::optional(ours));
  CHECK(asked == 0);
  // At a function's first instruction nothing has been pushed: an address that "returns" there is that of a frame of 8 bytes.
  const auto in_library = address_of(::dlsym(::dlopen("libc.so.6", RTLD_NOW | RTLD_NOLOAD), "clock_gettime")) + 1;
  CHECK(symbols.outside_c_library(::getpid(), in_library, 0x1000, one_word) == std::optional<std::uint64_t>(0x1234));
  CHECK(asked == 0x1000);
  const auto no_word = [](std::uint64_t) { return std::optional<std::uint64_t>(); };
  CHECK(symbols.outside_c_library(::getpid(), in_library, 0x1000, no_word) == std::nullopt);
}

}  // namespace vdsotrace
