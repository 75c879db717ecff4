// Jumps in place of a program's system call instruction, and its own code again.
#include "engines/syscalls/sites/site_patches.hpp"

#include <linux/membarrier.h>
#include <sys/syscall.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "arch/call_stub.hpp"
#include "support/catch.hpp"
#include "support/scripted_stop.hpp"

using namespace vdsotrace;
using namespace vdsotrace::testing;

namespace {

constexpr std::uint64_t kSite = kCode + 0x10, kPadding = kCode + 0x20, kStub = 0x7000'0000'0000;

std::vector<std::byte> code_of(Task& task) {
  std::vector<std::byte> code(0x40);
  task.memory->read(kCode, code);
  return code;
}

/// A program with a system call and padding, and a kernel that maps what it is asked for.
struct Program : StoppedTask {
  Program() {
    site.shape = SiteShape::padded;
    site.address = kSite;
    site.padding = kPadding;
    site.stubs = {0x10'0000, 0x7000'0000};
    site.original = {{kPadding, std::vector(5, std::byte{0x90})}, {kSite, {std::byte{0x0f}, std::byte{0x05}}}};
    for (const CodeWrite& write : site.original) task.memory->write(write.address, write.bytes);
    kernel.made_call = [this](Task& made, std::int64_t nr, const Arguments& args) -> std::int64_t {
      if (nr == SYS_munmap) unmapped = args[0];
      if (nr != SYS_mmap) return 0;
      mapped = args[0];
      made.memory->regions[args[0]] = std::vector<std::byte>(args[1]);
      return static_cast<std::int64_t>(args[0]);
    };
  }
  CallSite site;
  std::uint64_t mapped = 0, unmapped = 0;
};

}  // namespace

TEST_CASE("a site's jumps lead to the stub, and its code is as before when they are undone") {
  Program program;
  const auto before = code_of(program.task);
  SitePatches patches;
  REQUIRE(patches.patch(program.stopped, program.site, kStub));
  CHECK(patches.is_patched(kSite));
  CHECK(program.site.stubs.contains(program.mapped));
  std::vector<std::byte> slot(arch::kFarJumpBytes);
  program.task.memory->read(program.mapped, slot);
  CHECK(slot == arch::make_far_jump(kStub));
  CHECK(code_of(program.task) != before);

  // Whoever has come to one of the jumps is still before the call.
  CHECK(patches.own_place(kPadding)->address == kSite);
  CHECK(patches.own_place(program.mapped)->address == kSite);
  CHECK_FALSE(patches.own_place(kSite + 2));
  CHECK_FALSE(patches.tail_of(kSite));

  CHECK(patches.undo(kTid));
  CHECK(code_of(program.task) == before);
  patches.unmap(program.stopped);
  CHECK(program.unmapped == program.mapped);
}

TEST_CASE("slots lie where jumps of the site's neighbours lead, too") {
  Program program;
  program.site.stubs.start = 0x1000'0000;
  SitePatches patches;
  REQUIRE(patches.patch(program.stopped, program.site, kStub));
  constexpr std::uint64_t kAway = 0x200'0000;
  CHECK(program.mapped >= program.site.stubs.start + kAway);
  CHECK(program.mapped + kPage <= program.site.stubs.end - kAway);
}

TEST_CASE("jumps in several paddings lead to the stub, and a thread at any of them is before the call") {
  Program program;
  const std::uint64_t relay = kCode + 0x1a;
  program.site.shape = SiteShape::relayed;
  program.site.relays = {relay};
  program.site.original.insert(program.site.original.begin() + 1, {relay, std::vector(2, std::byte{0x90})});
  program.task.memory->write(relay, program.site.original[1].bytes);
  const auto before = code_of(program.task);
  SitePatches patches;
  REQUIRE(patches.patch(program.stopped, program.site, kStub));
  // From 0x12 to 0x1a, from 0x1c to 0x20.
  std::vector<std::byte> jump(2);
  program.task.memory->read(kSite, jump);
  CHECK(jump == std::vector{std::byte{0xeb}, std::byte{0x08}});
  program.task.memory->read(relay, jump);
  CHECK(jump == std::vector{std::byte{0xeb}, std::byte{0x04}});
  for (const std::uint64_t address : {relay, kPadding, program.mapped}) {
    REQUIRE(patches.own_place(address));
    CHECK(patches.own_place(address)->address == kSite);
  }
  CHECK_FALSE(patches.own_place(kSite + 2));
  CHECK_FALSE(patches.tail_of(kSite));
  CHECK(patches.is_in_force(kTid, kSite));

  // The program has other code at the jump in between.
  program.task.memory->write(relay, std::as_bytes(std::span("\x55\x5d", 2)));
  CHECK_FALSE(patches.is_in_force(kTid, kSite));
  program.task.memory->write(relay, jump);
  CHECK(patches.undo(kTid));
  CHECK(code_of(program.task) == before);
}

TEST_CASE("what a headed site lies over is carried out in our slot before the call") {
  Program program;
  const std::uint64_t begin = kSite - 5;
  const auto head = std::as_bytes(std::span("\xb8\x6e\0\0\0", 5));  // mov $110, %eax
  program.task.memory->write(begin, head);
  program.site.shape = SiteShape::headed;
  program.site.padding = 0;
  program.site.head.assign(head.begin(), head.end());
  program.site.original = {{begin, program.site.head}};
  const auto before = code_of(program.task);
  SitePatches patches;
  REQUIRE(patches.patch(program.stopped, program.site, kStub));
  std::vector<std::byte> slot(head.size() + arch::kFarJumpBytes), call(2);
  program.task.memory->read(program.mapped, slot);
  std::vector<std::byte> expected = program.site.head;
  for (const std::byte byte : arch::make_far_jump(kStub)) expected.push_back(byte);
  CHECK(slot == expected);
  // The call stays for those that come by another way.
  program.task.memory->read(kSite, call);
  CHECK(call == std::vector{std::byte{0x0f}, std::byte{0x05}});

  CHECK(patches.own_place(program.mapped)->address == begin);
  CHECK(patches.own_place(program.mapped + head.size())->address == kSite);
  CHECK_FALSE(patches.own_place(program.mapped + slot.size()));
  CHECK_FALSE(patches.own_place(begin));
  CHECK_FALSE(patches.own_place(0));
  CHECK_FALSE(patches.tail_of(kSite));
  CHECK(patches.widened().empty());
  CHECK(patches.undo(kTid));
  CHECK(code_of(program.task) == before);
}

TEST_CASE("while other threads run a breakpoint is in the way until a jump is whole") {
  Program program;
  const auto before = code_of(program.task);
  const auto make = program.kernel.made_call;
  std::vector<std::vector<std::byte>> seen;  // of the system call instruction, whenever others read it anew
  std::int64_t answer = 0;
  program.kernel.made_call = [&](Task& made, std::int64_t nr, const Arguments& args) -> std::int64_t {
    if (nr != SYS_membarrier) return make(made, nr, args);
    if (args[0] != MEMBARRIER_CMD_PRIVATE_EXPEDITED_SYNC_CORE) return answer;
    const std::byte* code = made.memory->regions[kCode].data() + (kSite - kCode);
    seen.push_back({code, code + 2});
    return 0;
  };
  const auto bytes = [](int first, int second) { return std::vector{std::byte(first), std::byte(second)}; };
  SitePatches patches;
  REQUIRE(patches.patch(program.stopped, program.site, kStub, Others::running));
  CHECK(seen == std::vector{bytes(0x0f, 0x05), bytes(0xcc, 0x05), bytes(0xcc, 0x0e), bytes(0xeb, 0x0e)});
  CHECK(patches.site_that_begins(kSite) == kSite);
  CHECK_FALSE(patches.site_that_begins(kPadding));
  const auto patched = code_of(program.task);
  CHECK(patches.undo(kTid));

  // Where the others cannot be made to, nothing is written.
  answer = -EINVAL;
  CHECK_FALSE(patches.patch(program.stopped, program.site, kStub, Others::running));
  CHECK(code_of(program.task) == before);
  CHECK_FALSE(patches.is_patched(kSite));
  // No more is what would lie over instructions that they may stand at.
  answer = 0;
  program.site.shape = SiteShape::widened;
  CHECK_FALSE(patches.patch(program.stopped, program.site, kStub, Others::running));
  CHECK(code_of(program.task) == before);
  CHECK(patched != before);
}

TEST_CASE("code that a fork has copied half written becomes what it was") {
  for (const char* half : {"\xcc\x05", "\xcc\x0e", "\xeb\x0e", "\x0f\x05"}) {
    Program program;
    const auto before = code_of(program.task);
    SitePatches patches;
    REQUIRE(patches.patch(program.stopped, program.site, kStub));
    program.task.memory->write(kSite, std::as_bytes(std::span(half, 2)));
    CHECK(patches.undo(kTid));
    CHECK(code_of(program.task) == before);
  }
}

TEST_CASE("of a patch that came after a fork's copy of the memory nothing is left") {
  Program program;
  const auto before = code_of(program.task);
  SitePatches patches;
  REQUIRE(patches.patch(program.stopped, program.site, kStub));
  SitePatches child = patches;
  child.look_at_copy(kTid);
  CHECK(child.is_in_force(kTid, kSite));

  program.task.memory->write(kCode, before);
  const std::uint64_t slot = program.mapped;
  program.task.memory->regions.erase(slot);
  child.look_at_copy(kTid);
  CHECK_FALSE(child.is_patched(kSite));
  CHECK_FALSE(child.own_place(slot));
  // Its own page comes instead of one that it does not have.
  program.mapped = 0;
  CHECK(child.patch(program.stopped, program.site, kStub));
  CHECK(program.mapped != 0);
}

TEST_CASE("code that is not that of the file is left alone") {
  Program program;
  program.task.memory->write(kPadding, std::as_bytes(std::span("\x48", 1)));
  const auto before = code_of(program.task);
  SitePatches patches;
  CHECK_FALSE(patches.patch(program.stopped, program.site, kStub));
  CHECK(code_of(program.task) == before);
  CHECK(program.mapped == 0);
}

TEST_CASE("jumps are known again by who has not written them") {
  Program program;
  const auto before = code_of(program.task);
  RemoteMemory memory(kTid);
  CHECK_FALSE(hold_jumps(memory, program.site));
  SitePatches abandoned;
  REQUIRE(abandoned.patch(program.stopped, program.site, kStub));
  CHECK(hold_jumps(memory, program.site));
  CHECK(write_original(kTid, program.site));
  CHECK(code_of(program.task) == before);

  // The same jumps to what is no slot of ours are the program's own.
  REQUIRE(abandoned.patch(program.stopped, program.site, kStub));
  std::ranges::fill(program.task.memory->regions[program.mapped], std::byte{0x90});
  CHECK_FALSE(hold_jumps(memory, program.site));
}

TEST_CASE("many sites are patched together, in memory that is mapped once") {
  Program program;
  std::vector<CallSite> sites;
  std::vector<SitePatches::Wanted> wanted;
  constexpr std::uint64_t kApart = 0x40;
  auto& code = program.task.memory->regions[kCode];
  code.resize(std::max<std::size_t>(code.size(), 0x40 * 200));
  for (std::uint64_t i = 0; i < 100; ++i) {
    CallSite site = program.site;
    const std::uint64_t by = i * kApart;
    site.address += by;
    site.padding += by;
    for (CodeWrite& write : site.original) {
      write.address += by;
      program.task.memory->write(write.address, write.bytes);
    }
    sites.push_back(std::move(site));
  }
  int mappings = 0;
  const auto map = program.kernel.made_call;
  program.kernel.made_call = [&](Task& made, std::int64_t nr, const Arguments& args) {
    mappings += nr == SYS_mmap;
    return map(made, nr, args);
  };
  const auto before = code;
  for (const CallSite& site : sites) wanted.push_back({&site, kStub + site.address});
  SitePatches patches;
  patches.patch_all(program.stopped, wanted);
  CHECK(mappings == 1);
  for (const CallSite& site : sites) CHECK(patches.is_in_force(kTid, site.address));
  REQUIRE(patches.undo_all(kTid));
  CHECK(program.task.memory->regions[kCode] == before);
}

TEST_CASE("what the program has mapped over a jump stays") {
  Program program;
  SitePatches patches;
  REQUIRE(patches.patch(program.stopped, program.site, kStub));
  program.task.memory->write(kSite, std::as_bytes(std::span("\x55\x5d", 2)));
  const auto other = code_of(program.task);
  CHECK(patches.undo(kTid));
  CHECK(code_of(program.task) == other);
}

TEST_CASE("what a widened site lies over is carried out in our slot") {
  Program program;
  // cmp $-4096, %rax
  const auto displaced = std::as_bytes(std::span("\x48\x3d\x00\xf0\xff\xff", 6));
  program.task.memory->write(kSite + 2, displaced);
  program.site.shape = SiteShape::widened;
  program.site.padding = 0;
  program.site.displaced.assign(displaced.begin(), displaced.end());
  std::vector<std::byte> all(8);
  program.task.memory->read(kSite, all);
  program.site.original = {{kSite, all}};
  const auto before = code_of(program.task);
  SitePatches patches;
  REQUIRE(patches.patch(program.stopped, program.site, kStub));
  const auto tail = patches.tail_of(kSite);
  REQUIRE(tail);
  CHECK(patches.widened() == std::vector<std::uint64_t>{kSite});
  std::vector<std::byte> copy(displaced.size());
  program.task.memory->read(*tail, copy);
  CHECK(copy == program.site.displaced);

  CHECK(patches.own_place(program.mapped)->address == kSite);
  CHECK(patches.own_place(*tail)->address == kSite + 2);
  CHECK(patches.own_place(*tail + displaced.size())->address == kSite + 8);
  CHECK_FALSE(patches.own_place(0));

  CHECK(patches.undo(kTid, kSite));
  CHECK(code_of(program.task) == before);
  CHECK_FALSE(patches.tail_of(kSite));
}

TEST_CASE("sites that are patched at once use the room that is there") {
  Program program;
  SitePatches patches;
  REQUIRE(patches.patch(program.stopped, program.site, kStub));
  const std::uint64_t room = std::exchange(program.mapped, 0);
  CallSite second = program.site;
  second.address = kCode + 0x30;
  second.padding = kCode + 0x38;
  second.original[0].address = second.padding;
  second.original[1].address = second.address;
  for (const CodeWrite& write : second.original) program.task.memory->write(write.address, write.bytes);
  const SitePatches::Wanted wanted[] = {{&second, kStub}};
  patches.patch_all(program.stopped, wanted);
  CHECK(program.mapped == 0);
  REQUIRE(patches.is_patched(second.address));
  const auto in_slot = patches.own_place(room + kSiteSlot);
  REQUIRE(in_slot);
  CHECK(in_slot->address == second.address);
}
