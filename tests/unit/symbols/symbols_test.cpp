// Our own process is the one that is looked at.
#include <dlfcn.h>
#include <fcntl.h>
#include <search.h>
#include <sys/mman.h>
#include <time.h>
#include <ucontext.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <iterator>
#include <map>
#include <vector>

#include "model/c_library.hpp"
#include "os/memory/remote_memory.hpp"
#include "support/catch.hpp"
#include "symbols/frame_rule.hpp"
#include "symbols/modules.hpp"
#include "symbols/perf_map.hpp"
#include "symbols/runtimes.hpp"
#include "symbols/symbols.hpp"

// Functions whose frames are known to the byte. The label stands where a call would return to.
extern "C" const char vdsotrace_test_by_stack[], vdsotrace_test_by_frame[], vdsotrace_test_no_rule[],
    vdsotrace_test_called[];
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
        .type vdsotrace_test_calls, @function
vdsotrace_test_calls:
        nop
        call vdsotrace_test_silent
vdsotrace_test_called:
        ret
        .size vdsotrace_test_calls, .-vdsotrace_test_calls
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

/// As DWARF numbers them.
UnwindStart start_of(const ucontext_t& context) {
  const auto& r = context.uc_mcontext.gregs;
  UnwindStart start;
  const int order[] = {REG_RAX, REG_RDX, REG_RCX, REG_RBX, REG_RSI, REG_RDI, REG_RBP, REG_RSP, REG_R8,
                       REG_R9,  REG_R10, REG_R11, REG_R12, REG_R13, REG_R14, REG_R15, REG_RIP};
  for (std::size_t i = 0; i < std::size(order); ++i) start.registers[i] = static_cast<std::uint64_t>(r[order[i]]);
  start.address = start.registers[16];
  return start;
}

std::vector<Caller> stack_in_comparison;

int compare_and_look(const void*, const void*) {
  ucontext_t context;
  ::getcontext(&context);
  RemoteMemory memory(::getpid());
  stack_in_comparison = Symbols().stack(::getpid(), memory, start_of(context));
  return 0;
}

}  // namespace

TEST_CASE("a stack leads through libraries that have not been looked at yet") {
  int number = 1;
  // lsearch counts from the stack pointer, and keeps in rbp where the count is: that looks like a frame to whoever
  // guesses.
  std::size_t count[] = {1, 0x1234};
  ::lsearch(&number, &number, count, sizeof number, compare_and_look);
  std::vector<Caller> ours = stack_in_comparison;
  const auto in_library = [](const Caller& place) { return is_c_library(place.module); };
  REQUIRE(ours.size() > 3);
  CHECK_FALSE(in_library(ours[0]));
  REQUIRE(in_library(ours[1]));
  const auto back = std::find_if_not(ours.begin() + 1, ours.end(), in_library);
  REQUIRE(back != ours.end());
  CHECK(back->module.ends_with("/unit_tests"));
  CHECK(std::ranges::any_of(ours, [](const Caller& place) { return place.symbol == "main"; }));
}

TEST_CASE("the C library is known by the names of its files") {
  for (const auto* name :
       {"/usr/lib/x86_64-linux-gnu/libc.so.6", "/lib/libc-2.31.so", "/lib64/ld-linux-x86-64.so.2",
        "/lib/x86_64-linux-gnu/ld-2.31.so", "libpthread-2.31.so", "/lib/libpthread.so.0", "librt.so.1",
        "/lib/ld-musl-x86_64.so.1", "/lib/libc.musl-x86_64.so.1", "/lib/libc.so", "/lib/ld64.so.2"}) {
    CAPTURE(name);
    CHECK(is_c_library(name));
  }
  for (const auto* name :
       {"/usr/lib/libcrypto.so.3", "/usr/lib/libc++.so.1", "/usr/bin/ld", "/opt/libc.so.6/app", "libc-client.so",
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
  CHECK(is_time_wrapper("getentropy.part.0"));
  CHECK_FALSE(is_time_wrapper("time.now"));  // Go's
}

TEST_CASE("what a function of the C library is there for is known by its name") {
  CHECK(made_for("getrandom") == MadeFor::caller);
  CHECK(made_for("__syscall_cancel") == MadeFor::caller);
  CHECK(made_for("malloc") == MadeFor::itself);
  CHECK(made_for("") == MadeFor::unknown);
  CHECK(is_own_user("ptmalloc_init.part.0"));
  CHECK(is_own_user("__vsyslog_internal.constprop.0"));
  CHECK(is_own_user("_vsyslog"));      // musl's
  CHECK_FALSE(is_own_user("malloc"));  // any program may have one
  CHECK_FALSE(is_own_user("ptmalloc_initialize"));
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
  map.add(
      "\n \nzz 10 x\n1000\n1000 \n1000 10\n1000 10 \n1000 0 nothing\nffffffffffffffff 10 wraps\n-1 10 x\n1000 g x\n");
  map.add("10000000000000000 1 too large\n" + std::string(10'000, 'a') + "\n" + std::string(10'000, '1'));
  map.add(" 10 x\n3000 10 good\n");
  CHECK(map.size() == 1);
  CHECK(map.find(0x3000).name == "good");
}

TEST_CASE("the rule of a return address is taken from the unwind information") {
  Modules modules;
  const Module* module = own_module(modules, address_of(vdsotrace_test_by_stack));
  REQUIRE(module != nullptr);
  FrameRule by_stack{kDwarfStackPointer, 56, false, {}};
  CHECK(frame_rule(module->dwfl, address_of(vdsotrace_test_by_stack)) == by_stack);
  FrameRule by_frame{kDwarfFramePointer, 16, false, {}};
  by_frame.preserved[0] = {FrameRule::Keeps::saved, -16};
  REQUIRE(kPreservedRegisters[0] == kDwarfFramePointer);
  CHECK(frame_rule(module->dwfl, address_of(vdsotrace_test_by_frame)) == by_frame);
  CHECK(has_frame_rule(module->dwfl, address_of(vdsotrace_test_by_frame)));
  CHECK(frame_rule(module->dwfl, address_of(vdsotrace_test_no_rule)) == std::nullopt);
  CHECK_FALSE(has_frame_rule(module->dwfl, address_of(vdsotrace_test_no_rule)));
}

TEST_CASE("a place has the name of the function that covers it") {
  Symbols symbols;
  const Caller place = symbols.place(::getpid(), address_of(vdsotrace_test_by_stack)).value();
  CHECK(place.symbol == "vdsotrace_test_counts");
  CHECK(place.offset == 6);
  CHECK(place.module.ends_with("/unit_tests"));
  CHECK_FALSE(symbols.in_c_library(::getpid(), place.address));
  const auto exit_address = address_of(::dlsym(::dlopen("libc.so.6", RTLD_NOW | RTLD_NOLOAD), "_exit"));
  CHECK(symbols.in_c_library(::getpid(), exit_address + 1));
  CHECK(symbols.instruction(::getpid(), exit_address).value().symbol == "_exit");
  static const int data = 0;
  for (const std::uint64_t nowhere : {std::uint64_t{0}, std::uint64_t{0x1000}, ~std::uint64_t{0}, address_of(&data)})
    CHECK_FALSE(symbols.place(::getpid(), nowhere).has_value());
}

TEST_CASE("in a page of two segments code is where the code's segment has it") {
  // As lld and mold lay a program out: the page at 0x13000 of the file is mapped to 0x13000 and, executable, to
  // 0x14000.
  ModuleFacts facts;
  facts.loads = {{0, 0x137e0, 0, false}, {0x137e0, 0x3de90, 0x147e0, true}, {0x51670, 0x28b8, 0x53670, false}};
  CHECK(facts.address_at(0) == std::optional<std::uint64_t>(0));
  CHECK(facts.address_at(0x13000) == std::optional<std::uint64_t>(0x14000));
  CHECK(facts.address_at(0x137e0) == std::optional<std::uint64_t>(0x147e0));
  CHECK(facts.address_at(0x51000) == std::optional<std::uint64_t>(0x52000));
  CHECK(facts.address_at(0x52000) == std::optional<std::uint64_t>(0x54000));
  CHECK(facts.address_at(0x54000) == std::nullopt);
  CHECK(facts.offset_of(0x147e8, 8) == std::optional<std::uint64_t>(0x137e8));
  CHECK(facts.offset_of(0x13000, 0x7e0) == std::optional<std::uint64_t>(0x13000));
  CHECK(facts.offset_of(0x13000, 0x7e1) == std::nullopt);
}

TEST_CASE("what is mapped later is found, and what was unmapped is not") {
  Symbols symbols;
  CHECK(symbols.place(::getpid(), address_of(vdsotrace_test_by_stack)).value().symbol == "vdsotrace_test_counts");
  void* code = ::mmap(nullptr, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  REQUIRE(code != MAP_FAILED);
  const Caller place = symbols.place(::getpid(), address_of(code) + 16).value();
  CHECK(place.module.empty());
  CHECK(place.symbol.empty());
  ::munmap(code, 4096);
  symbols.outdate();
  CHECK(symbols.place(::getpid(), address_of(vdsotrace_test_by_stack)).value().symbol == "vdsotrace_test_counts");
}

TEST_CASE("what is known of files is kept while code is made that is in none") {
  Modules modules;
  const Module* own = own_module(modules, address_of(vdsotrace_test_by_stack));
  REQUIRE(own != nullptr);
  void* code = ::mmap(nullptr, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  REQUIRE(code != MAP_FAILED);
  CHECK_FALSE(modules.refresh(::getpid()));
  CHECK(modules.range_at(address_of(code)) != nullptr);
  CHECK(modules.range_at(address_of(vdsotrace_test_by_stack))->module == own);
  const UniqueFd file(::open("/proc/self/exe", O_RDONLY | O_CLOEXEC));
  REQUIRE(::mmap(code, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_FIXED, file.get(), 0) == code);
  CHECK(modules.refresh(::getpid()));
  CHECK(modules.range_at(address_of(vdsotrace_test_by_stack))->module == nullptr);
  ::munmap(code, 4096);
  CHECK(modules.refresh(::getpid()));
  CHECK(modules.range_at(address_of(code)) == nullptr);
}

TEST_CASE("a look at the stack finds who is outside the C library, or says that it does not know") {
  Symbols symbols;
  std::uint64_t asked = 0;
  std::uint64_t answer = address_of(vdsotrace_test_called);
  const auto one_word = [&](std::uint64_t address) {
    asked = address;
    return std::optional(answer);
  };
  const auto outside = [&](std::uint64_t return_address, const Symbols::StackWord& word) {
    FrameRegisters registers;
    registers[kDwarfReturnAddress] = return_address;
    registers[kDwarfStackPointer] = 0x1000;
    return symbols.caller_addresses(::getpid(), registers, word).outside;
  };
  const std::uint64_t ours = address_of(vdsotrace_test_by_stack);
  CHECK(outside(ours, one_word) == std::optional(ours));
  CHECK(asked == 0);
  // At a function's first instruction nothing has been pushed: an address that "returns" there is that of a frame of 8
  // bytes.
  const auto in_library = address_of(::dlsym(::dlopen("libc.so.6", RTLD_NOW | RTLD_NOLOAD), "clock_gettime")) + 1;
  CHECK(outside(in_library, one_word) == std::optional(answer));
  CHECK(asked == 0x1000);
  const auto no_word = [](std::uint64_t) { return std::optional<std::uint64_t>(); };
  CHECK(outside(in_library, no_word) == std::nullopt);
  // What no call can return to is another word of the stack.
  for (const std::uint64_t other : {std::uint64_t{0}, std::uint64_t{0x4377017200000000}, ours, address_of(&answer)}) {
    answer = other;
    CHECK(outside(in_library, one_word) == std::nullopt);
  }
  CHECK(outside(0x4377017200000000, one_word) == std::nullopt);
}

TEST_CASE("a place to which the C library returns is known to have asked for what it did, or not, or not always") {
  Symbols symbols;
  void* library = ::dlopen("libc.so.6", RTLD_NOW | RTLD_NOLOAD);
  REQUIRE(library != nullptr);
  const std::uint64_t ours = address_of(vdsotrace_test_called);
  const auto our_word = [&](std::uint64_t) { return std::optional(ours); };
  const auto call_by = [&](const char* function) {
    const std::uint64_t within = address_of(::dlsym(library, function)) + 1;
    FrameRegisters registers;
    registers[kDwarfReturnAddress] = within;
    registers[kDwarfStackPointer] = 0x1000;
    REQUIRE(symbols.caller_addresses(::getpid(), registers, our_word).outside == std::optional(ours));
    return symbols.place(::getpid(), ours).value().for_c_library;
  };
  CHECK(call_by("malloc"));
  CHECK(call_by("calloc"));
  CHECK_FALSE(call_by("clock_gettime"));
  CHECK_FALSE(call_by("malloc"));
}

TEST_CASE("a register that a frame has saved leads to the frame that counts from it") {
  Symbols symbols;
  std::map<std::uint64_t, std::uint64_t> stack;
  const auto word = [&](std::uint64_t address) {
    const auto found = stack.find(address);
    return found != stack.end() ? std::optional(found->second) : std::nullopt;
  };
  FrameRegisters registers;
  registers[kDwarfStackPointer] = 0x1000;
  const FrameRule inner{kDwarfStackPointer, 24, false, {{{FrameRule::Keeps::saved, -16}}}};
  stack = {{0x1008, 0x1100}, {0x1010, 7}, {0x1108, 8}, {0x1100, 0x1200}};
  REQUIRE(step_out_of_frame(registers, inner, word));
  CHECK(registers[kDwarfReturnAddress] == std::optional<std::uint64_t>(7));
  CHECK(registers[kDwarfFramePointer] == std::optional<std::uint64_t>(0x1100));
  CHECK(registers[kDwarfStackPointer] == std::optional<std::uint64_t>(0x1018));
  const FrameRule outer{kDwarfFramePointer, 16, false, {{{FrameRule::Keeps::saved, -16}}}};
  REQUIRE(step_out_of_frame(registers, outer, word));
  CHECK(registers[kDwarfReturnAddress] == std::optional<std::uint64_t>(8));
  CHECK(registers[kDwarfStackPointer] == std::optional<std::uint64_t>(0x1110));
  // Inwards it does not go.
  CHECK(registers[kDwarfFramePointer] == std::optional<std::uint64_t>(0x1200));
  registers[kDwarfFramePointer] = 0x1080;
  CHECK_FALSE(step_out_of_frame(registers, outer, word));
  registers[kDwarfFramePointer].reset();
  CHECK_FALSE(step_out_of_frame(registers, outer, word));
}

TEST_CASE("with rbp known a caller is found through a frame that counts from it") {
  Symbols symbols;
  const std::uint64_t called = address_of(vdsotrace_test_called);
  std::map<std::uint64_t, std::uint64_t> stack = {{0x1108, called}};
  const auto word = [&](std::uint64_t address) {
    const auto found = stack.find(address);
    return found != stack.end() ? std::optional(found->second) : std::nullopt;
  };
  add_runtimes({"vdsotrace_test_frames"});
  FrameRegisters registers;
  registers[kDwarfStackPointer] = 0x1000;
  registers[kDwarfReturnAddress] = address_of(vdsotrace_test_by_frame);
  CallerAddresses found = symbols.caller_addresses(::getpid(), registers, word);
  CHECK(found.outside == std::optional(address_of(vdsotrace_test_by_frame)));
  CHECK(found.beyond == std::nullopt);
  registers[kDwarfFramePointer] = 0x1100;
  found = symbols.caller_addresses(::getpid(), registers, word);
  CHECK(found.beyond == std::optional(called));
  add_runtimes({});
}

}  // namespace vdsotrace
