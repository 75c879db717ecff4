// ioctl of the device mapper; expected lines are strace 6.1's.
#include <array>
#include <cstring>
#include <string>
#include <vector>

#include <linux/dm-ioctl.h>
#include <sys/ioctl.h>

#include "support/catch.hpp"
#include "support/decoded_call.hpp"
#include "vdsotrace/argument_sets.hpp"

namespace vdsotrace::testing {
namespace {

constexpr std::uint64_t kMapperAt = 0x7f0000001000;
constexpr std::uint32_t kDataAt = 312;

/// A request, and the bytes behind it.
struct Packet {
  dm_ioctl head{};
  std::array<std::byte, 512 - sizeof(dm_ioctl)> data{};
};
static_assert(sizeof(Packet) == 512);

Packet packet() {
  Packet made;
  made.head.version[0] = 4;
  made.head.version[1] = 40;
  made.head.data_size = sizeof made;
  made.head.data_start = kDataAt;
  made.head.target_count = 2;
  made.head.open_count = 1;
  made.head.event_nr = 7;
  std::strcpy(made.head.name, "vg-root");
  return made;
}

template <class T>
void put_data(Packet& into, std::size_t offset, const T& value) {
  std::memcpy(into.data.data() + offset, &value, sizeof value);
}
void put_text(Packet& into, std::size_t offset, std::string_view text) {
  std::memcpy(into.data.data() + offset, text.data(), text.size());
}

std::string asked(std::uint64_t request, const Packet& given, bool whole = true) {
  DecodedCall call("ioctl", {3, request, kMapperAt});
  if (whole) call.sets(in_full());
  return args_of(call.put(kMapperAt, given).leave(-6).text()).at(2);
}
std::string answered(std::uint64_t request, const Packet& given, const Packet& found, bool whole = true) {
  DecodedCall call("ioctl", {3, request, kMapperAt});
  if (whole) call.sets(in_full());
  const std::string text = call.put(kMapperAt, given).enter().put(kMapperAt, found).leave(0).line();
  return text.substr(text.find(" => ") + 4);
}

TEST_CASE("a request shows what it uses, and an answer what it sets", "[ioctl]") {
  const Packet given = packet();
  CHECK(asked(DM_DEV_STATUS, given) == "[{version=[4, 40, 0], data_size=512, name=\"vg-root\", flags=0}]");
  CHECK(asked(DM_REMOVE_ALL, given) == "[{version=[4, 40, 0], data_size=512, flags=0}]");
  CHECK(asked(DM_DEV_REMOVE, given) == "[{version=[4, 40, 0], data_size=512, name=\"vg-root\", event_nr=7, flags=0}]");
  Packet found = given;
  found.head.dev = 0xfd00;
  found.head.flags = 4;
  CHECK(answered(DM_DEV_STATUS, given, found) ==
        "[{version=[4, 40, 0], data_size=512, dev=makedev(0xfd, 0), name=\"vg-root\", target_count=2, open_count=1, "
        "event_nr=7, flags=DM_EXISTS_FLAG}]) = 0");
}

TEST_CASE("only a resume has an event", "[ioctl]") {
  Packet given = packet();
  CHECK(asked(DM_DEV_SUSPEND, given).find("event_nr=7") != std::string::npos);
  given.head.flags = DM_SUSPEND_FLAG;
  CHECK(asked(DM_DEV_SUSPEND, given).find("event_nr") == std::string::npos);
}

TEST_CASE("a structure that cannot be understood says so", "[ioctl]") {
  Packet given = packet();
  given.head.data_size = 14;
  CHECK(asked(DM_DEV_STATUS, given) == "[{version=[4, 40, 0], data_size=14 /* data_size too small */}]");
  given.head.data_size = 11;
  CHECK(asked(DM_DEV_STATUS, given) == "0x7f0000001000");
  given = packet();
  given.head.version[0] = 3;
  CHECK(asked(DM_DEV_STATUS, given) == "[{version=[3, 40, 0] /* unsupported device mapper ABI version */}]");
}

dm_target_spec target(std::uint32_t next) {
  dm_target_spec made{};
  made.sector_start = 1;
  made.length = 2;
  made.next = next;
  std::strcpy(made.target_type, "linear");
  return made;
}

TEST_CASE("targets lead from one to the next", "[ioctl]") {
  Packet given = packet();
  put_data(given, 0, target(64));
  put_text(given, 40, "8:1 0");
  put_data(given, 64, target(0));
  const std::string head =
      "[{version=[4, 40, 0], data_size=512, data_start=312, name=\"vg-root\", target_count=2, flags=0}, ";
  const std::string first = "{sector_start=1, length=2, target_type=\"linear\", string=\"8:1 0\"}, ";
  const std::string second = "{sector_start=1, length=2, target_type=\"linear\", string=\"\"}";
  CHECK(asked(DM_TABLE_LOAD, given) == head + first + second + "]");
  CHECK(asked(DM_TABLE_LOAD, given, false) == head + "...]");
  put_data(given, 0, target(200));
  CHECK(asked(DM_TABLE_LOAD, given) == head + first + "??? /* misplaced struct dm_target_spec */]");
  put_data(given, 0, target(UINT32_MAX));
  CHECK(asked(DM_TABLE_LOAD, given) == head + first + "??? /* misplaced struct dm_target_spec */]");
}

TEST_CASE("what the kernel lists", "[ioctl]") {
  Packet found = packet();
  put_data(found, 0, std::array<std::uint32_t, 3>{0xfd00, 0, 24});
  put_text(found, 12, "a");
  put_data(found, 16, std::uint32_t{5});
  put_data(found, 24, std::array<std::uint32_t, 3>{0xfd01, 0, 0});
  put_text(found, 36, "b");
  CHECK(answered(DM_LIST_DEVICES, packet(), found) ==
        "[{version=[4, 40, 0], data_size=512, data_start=312, flags=0}, {dev=makedev(0xfd, 0), name=\"a\", "
        "event_nr=5}, {dev=makedev(0xfd, 0x1), name=\"b\"}]) = 0");
  put_data(found, 8, UINT32_MAX);
  CHECK(answered(DM_LIST_DEVICES, packet(), found).find("??? /* misplaced struct dm_name_list */]") !=
        std::string::npos);
  Packet versions = packet();
  put_data(versions, 0, std::array<std::uint32_t, 4>{0, 1, 2, 3});
  put_text(versions, 16, "crypt");
  CHECK(answered(DM_LIST_VERSIONS, packet(), versions).ends_with("{name=\"crypt\", version=[1, 2, 3]}]) = 0"));
}

TEST_CASE("dependencies are no more than there is room for", "[ioctl]") {
  Packet found = packet();
  put_data(found, 0, std::array<std::uint32_t, 4>{1, 0, 0x801, 0});
  CHECK(answered(DM_TABLE_DEPS, packet(), found).ends_with("{count=1, deps=[makedev(0x8, 0x1)]}]) = 0"));
  put_data(found, 0, UINT32_MAX);
  found.head.data_size = kDataAt + 16;
  CHECK(answered(DM_TABLE_DEPS, packet(), found).ends_with("{count=4294967295, deps=[makedev(0x8, 0x1)]}]) = 0"));
}

TEST_CASE("texts end where the data end", "[ioctl]") {
  Packet given = packet();
  put_text(given, 0, "new-name");
  CHECK(asked(DM_DEV_RENAME, given).ends_with("{string=\"new-name\"}]"));
  given.head.data_size = kDataAt + 3;
  CHECK(asked(DM_DEV_RENAME, given).ends_with("{string=\"new\"}]"));
  given.head.data_start = UINT32_MAX;
  CHECK(asked(DM_DEV_RENAME, given).ends_with("??? /* misplaced string */]"));
  given = packet();
  put_data(given, 0, std::uint64_t{9});
  put_text(given, 8, "flush");
  CHECK(asked(DM_TARGET_MSG, given).ends_with("{sector=9, message=\"flush\"}]"));
}

}  // namespace
}  // namespace vdsotrace::testing
