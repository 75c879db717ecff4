// What ioctl requests of the device mapper take and fill: a structure of one form for all of them, of which each
// request uses some members, and data behind it, at an offset that the program has chosen.
#include <algorithm>
#include <array>
#include <cstddef>
#include <utility>
#include <vector>

#include <linux/dm-ioctl.h>
#include <sys/ioctl.h>

#include "model/syscalls/ioctl/shapes.hpp"

// The rows of tables stand in columns.
// clang-format off

namespace vdsotrace::ioctl {
namespace {

constexpr NamedValue kMapperNames[] = {
    {1 << 0, "DM_READONLY_FLAG"}, {1 << 1, "DM_SUSPEND_FLAG"}, {1 << 2, "DM_EXISTS_FLAG"},
    {1 << 3, "DM_PERSISTENT_DEV_FLAG"}, {1 << 4, "DM_STATUS_TABLE_FLAG"}, {1 << 5, "DM_ACTIVE_PRESENT_FLAG"},
    {1 << 6, "DM_INACTIVE_PRESENT_FLAG"}, {1 << 8, "DM_BUFFER_FULL_FLAG"}, {1 << 9, "DM_SKIP_BDGET_FLAG"},
    {1 << 10, "DM_SKIP_LOCKFS_FLAG"}, {1 << 11, "DM_NOFLUSH_FLAG"}, {1 << 12, "DM_QUERY_INACTIVE_TABLE_FLAG"},
    {1 << 13, "DM_UEVENT_GENERATED_FLAG"}, {1 << 14, "DM_UUID_FLAG"}, {1 << 15, "DM_SECURE_DATA_FLAG"},
    {1 << 16, "DM_DATA_OUT_FLAG"}, {1 << 17, "DM_DEFERRED_REMOVE"}, {1 << 18, "DM_INTERNAL_SUSPEND_FLAG"},
    {1 << 19, "DM_IMA_MEASUREMENT_FLAG"}};
const NameTable kMapperFlags{kMapperNames, "DM_???"};

constexpr std::uint32_t kHeadSize = offsetof(dm_ioctl, data);

constexpr Field kIdentityFields[] = {{"name", 48, name(128)}, {"uuid", 176, name(129)}};
constexpr Field kTargetFields[] = {{"sector_start", 0, kWide}, {"length", 8, kWide}, {"target_type", 24, name(16)}};
constexpr Field kStateFields[] = {{"sector_start", 0, kWide}, {"length", 8, kWide}, {"status", 16, kSigned},
                                  {"target_type", 24, name(16)}};

/// What of the structure a request uses.
enum Uses : std::uint8_t {
  kStart = 1 << 0,     ///< data_start
  kIdentity = 1 << 1,  ///< dev, name, uuid: empty ones are left out
  kTargets = 1 << 2,   ///< target_count
  kEvent = 1 << 3,     ///< event_nr
  kResume = 1 << 4,    ///< the same unless it suspends
  kState = 1 << 5,     ///< target_count, open_count and event_nr when it has succeeded
};

/// What lies behind the structure.
enum class Data : std::uint8_t { none, targets, states, dependencies, devices, versions, message, text };

struct MapperRequest {
  std::uint32_t request;
  unsigned uses;
  Data given = Data::none;  ///< by the program
  Data found = Data::none;  ///< by the kernel
};

constexpr MapperRequest kMapperRequests[] = {
    {DM_VERSION, kIdentity},
    {DM_REMOVE_ALL, 0},
    {DM_LIST_DEVICES, kStart, Data::none, Data::devices},
    {DM_DEV_CREATE, kIdentity | kState},
    {DM_DEV_REMOVE, kIdentity | kEvent},
    {DM_DEV_RENAME, kStart | kIdentity | kEvent | kState, Data::text},
    {DM_DEV_SUSPEND, kIdentity | kResume | kState},
    {DM_DEV_STATUS, kIdentity | kState},
    {DM_DEV_WAIT, kStart | kIdentity | kEvent | kState, Data::none, Data::states},
    {DM_TABLE_LOAD, kStart | kIdentity | kTargets | kState, Data::targets},
    {DM_TABLE_CLEAR, kIdentity | kState},
    {DM_TABLE_DEPS, kStart | kIdentity | kState, Data::none, Data::dependencies},
    {DM_TABLE_STATUS, kStart | kIdentity | kState, Data::none, Data::states},
    {DM_LIST_VERSIONS, kStart, Data::none, Data::versions},
    {DM_TARGET_MSG, kStart | kIdentity | kState, Data::message},
    {DM_DEV_SET_GEOMETRY, kStart | kIdentity, Data::text},
    {0xc138fd10, kIdentity},  // DM_DEV_ARM_POLL, since Linux 4.14
};

/// The structure, and the data of which it says where they are.
struct Mapped {
  ArgContext& c;
  Memory& memory;
  bool found;  ///< by the kernel, not given by the program
  dm_ioctl head{};

  std::uint64_t address(std::uint64_t offset) const { return c.value() + offset; }
  bool has_room(std::uint64_t offset, std::uint64_t size) const { return offset + size <= head.data_size; }
};

void print_misplaced(ArgContext& c, std::string_view what) { c.print("??? /* misplaced {} */", what); }

/// The string at an offset, which ends at a NUL or where the data end.
void print_text(const Mapped& mapped, std::uint64_t offset) {
  ArgContext& c = mapped.c;
  const std::uint64_t room = mapped.head.data_size - std::min<std::uint64_t>(offset, mapped.head.data_size);
  std::vector<std::byte> bytes(std::min<std::uint64_t>(room, std::uint64_t{c.limits().string} + 1));
  bytes.resize(mapped.memory.read(mapped.address(offset), bytes));
  const auto end = std::ranges::find(bytes, std::byte{0});
  if (bytes.empty() && room != 0) {
    print_address(c, mapped.address(offset));
  } else {
    print_quoted(c, std::span(bytes.begin(), end), c.limits().string);
  }
}

void print_target(const Mapped& mapped, std::uint64_t offset, const Piece& piece) {
  ArgContext& c = mapped.c;
  c.put("{");
  print_fields(Walk{c}, piece, mapped.found ? std::span<const Field>(kStateFields) : kTargetFields);
  c.put(", string=");
  print_text(mapped, offset + sizeof(dm_target_spec));
  c.put("}");
}

/// Where the next target is: what is given counts from the target before, what is found from the first. One that does
/// not lead on leads nowhere.
std::uint64_t next_target(const Mapped& mapped, std::uint64_t offset, const dm_target_spec& spec) {
  if (mapped.found) return std::uint64_t{mapped.head.data_start} + spec.next;
  return spec.next < sizeof spec ? UINT32_MAX : offset + spec.next;
}

void print_targets(const Mapped& mapped) {
  ArgContext& c = mapped.c;
  std::uint64_t offset = mapped.head.data_start;
  for (std::uint64_t shown = 0; shown < mapped.head.target_count; ++shown) {
    c.put(", ");
    if (shown >= c.limits().string) {
      c.put("...");
      break;
    }
    if (!mapped.has_room(offset, sizeof(dm_target_spec))) {
      print_misplaced(c, "struct dm_target_spec");
      break;
    }
    const auto spec = mapped.memory.object<dm_target_spec>(mapped.address(offset));
    if (!spec) {
      print_address(c, mapped.address(offset));
      break;
    }
    print_target(mapped, offset, {mapped.address(offset), sizeof *spec, std::as_bytes(std::span(&*spec, 1))});
    offset = next_target(mapped, offset, *spec);
  }
}

void print_dependencies(const Mapped& mapped) {
  ArgContext& c = mapped.c;
  constexpr std::uint64_t kDevices = offsetof(dm_target_deps, dev);
  const std::uint64_t start = mapped.head.data_start;
  c.put(", ");
  const auto count = mapped.memory.object<std::uint32_t>(mapped.address(start));
  if (!mapped.has_room(start, kDevices)) {
    print_misplaced(c, "struct dm_target_deps");
  } else if (!count) {
    print_address(c, mapped.address(start));
  } else {
    const std::uint64_t room = (mapped.head.data_size - start - kDevices) / sizeof(std::uint64_t);
    c.print("{{count={}, deps=", *count);
    print_plain_array_at<std::uint64_t>(c, mapped.address(start + kDevices), std::min<std::uint64_t>(*count, room),
                                        [&](std::uint64_t device) { print_device(c, device); });
    c.put("}");
  }
}

/// Goes from record to record, each of which begins with how far away the next is: `next(T)`, zero behind the last.
template <class T, class Next, class Print>
void print_records(const Mapped& mapped, std::string_view what, Next&& next, Print&& print) {
  ArgContext& c = mapped.c;
  std::uint64_t offset = mapped.head.data_start;
  for (std::uint64_t shown = 0;; ++shown) {
    c.put(", ");
    if (shown >= c.limits().string) {
      c.put("...");
      return;
    }
    const auto record = mapped.memory.object<T>(mapped.address(offset));
    if (!mapped.has_room(offset, sizeof(T)) || !record) {
      print_misplaced(c, what);
      return;
    }
    c.put("{");
    print(offset, *record);
    c.put("}");
    if (next(*record) == 0) return;
    offset += next(*record);
  }
}

/// Since that version an event's number follows a name, at a multiple of eight, if the next record leaves room for it.
constexpr std::uint32_t kEventsSinceMinor = 37;
void print_event(const Mapped& mapped, std::uint64_t record, std::uint64_t name, std::uint32_t next) {
  std::array<std::byte, DM_NAME_LEN> bytes;
  const auto readable = std::span(bytes).first(mapped.memory.read(mapped.address(name), bytes));
  const auto end = std::ranges::find(readable, std::byte{0});
  if (end == readable.end()) return;
  const std::uint64_t length = name - record + static_cast<std::uint64_t>(end - readable.begin()) + 1;
  const std::uint64_t place = (length + 7) / 8 * 8;
  if (place + sizeof(std::uint32_t) > next || !mapped.has_room(record + place, sizeof(std::uint32_t))) return;
  const auto event = mapped.memory.object<std::uint32_t>(mapped.address(record + place));
  if (event) mapped.c.print(", event_nr={}", *event);
}

void print_devices(const Mapped& mapped) {
  struct Device {
    std::uint64_t device;
    std::uint32_t next;
  };
  const auto print = [&](std::uint64_t offset, const Device& device) {
    mapped.c.put("dev=");
    print_device(mapped.c, device.device);
    mapped.c.put(", name=");
    const std::uint64_t name = offset + offsetof(dm_name_list, name);
    print_text(mapped, name);
    if (mapped.head.version[1] >= kEventsSinceMinor) print_event(mapped, offset, name, device.next);
  };
  print_records<Device>(
      mapped, "struct dm_name_list", [](const Device& device) { return device.next; }, print);
}

void print_versions(const Mapped& mapped) {
  const auto print = [&](std::uint64_t offset, const std::array<std::uint32_t, 4>& one) {
    mapped.c.put("name=");
    print_text(mapped, offset + sizeof one);
    mapped.c.print(", version=[{}, {}, {}]", one[1], one[2], one[3]);
  };
  print_records<std::array<std::uint32_t, 4>>(
      mapped, "struct dm_target_versions", [](const auto& one) { return one[0]; }, print);
}

void print_message(const Mapped& mapped) {
  ArgContext& c = mapped.c;
  const std::uint64_t start = mapped.head.data_start;
  const auto sector = mapped.memory.object<std::uint64_t>(mapped.address(start));
  c.put(", ");
  if (!mapped.has_room(start, sizeof *sector)) {
    print_misplaced(c, "struct dm_target_msg");
  } else if (!sector) {
    print_address(c, mapped.address(start));
  } else {
    c.print("{{sector={}, message=", *sector);
    print_text(mapped, start + sizeof *sector);
    c.put("}");
  }
}

void print_text_data(const Mapped& mapped) {
  mapped.c.put(", ");
  if (mapped.head.data_start >= mapped.head.data_size) {
    print_misplaced(mapped.c, "string");
    return;
  }
  mapped.c.put("{string=");
  print_text(mapped, mapped.head.data_start);
  mapped.c.put("}");
}

void print_data(const Mapped& mapped, Data data) {
  const bool is_table = data == Data::targets || data == Data::states;
  if (data == Data::none || (is_table && mapped.head.target_count == 0)) return;
  if (mapped.c.abbreviated()) {
    mapped.c.put(", ...");
    return;
  }
  switch (data) {
    case Data::none: break;
    case Data::targets:
    case Data::states: print_targets(mapped); break;
    case Data::dependencies: print_dependencies(mapped); break;
    case Data::devices: print_devices(mapped); break;
    case Data::versions: print_versions(mapped); break;
    case Data::message: print_message(mapped); break;
    case Data::text: print_text_data(mapped); break;
  }
}

void print_identity(ArgContext& c, const dm_ioctl& head) {
  if (head.dev != 0) {
    c.put(", dev=");
    print_device(c, head.dev);
  }
  const Piece piece{c.value(), kHeadSize, std::as_bytes(std::span(&head, 1)).first(kHeadSize)};
  for (const Field& field : kIdentityFields) {
    if (piece.bytes[field.offset] == std::byte{0}) continue;
    c.put(", ");
    print_fields(Walk{c}, piece, std::span(&field, 1));
  }
}

void print_members(const Mapped& mapped, unsigned uses) {
  ArgContext& c = mapped.c;
  const dm_ioctl& head = mapped.head;
  if ((uses & kStart) != 0) c.print(", data_start={}", head.data_start);
  if ((uses & kIdentity) != 0) print_identity(c, head);
  const bool state = mapped.found && (uses & kState) != 0;
  if (state || (!mapped.found && (uses & kTargets) != 0)) c.print(", target_count={}", head.target_count);
  if (state) c.print(", open_count={}", head.open_count);
  const bool resumes = (uses & kResume) != 0 && (head.flags & DM_SUSPEND_FLAG) == 0;
  if (state || (!mapped.found && ((uses & kEvent) != 0 || resumes))) c.print(", event_nr={}", head.event_nr);
  c.put(", flags=");
  print_flags(c, head.flags, kMapperFlags.values, kMapperFlags.unknown);
}

/// The structure and what lies behind it. Nothing is known of the structure of another version.
void print_mapped(const Mapped& mapped, const MapperRequest& request) {
  ArgContext& c = mapped.c;
  const dm_ioctl& head = mapped.head;
  c.print("[{{version=[{}, {}, {}]", head.version[0], head.version[1], head.version[2]);
  if (head.version[0] != DM_VERSION_MAJOR) {
    c.put(" /* unsupported device mapper ABI version */}]");
    return;
  }
  c.print(", data_size={}", head.data_size);
  if (head.data_size < kHeadSize) {
    c.put(" /* data_size too small */}]");
    return;
  }
  print_members(mapped, request.uses);
  c.put("}");
  print_data(mapped, mapped.found ? request.found : request.given);
  c.put("]");
}

/// False where there is none, or one that does not even reach to its size.
bool read_head(Mapped& mapped) {
  const ArgContext& c = mapped.c;
  const auto bytes = std::as_writable_bytes(std::span(&mapped.head, 1)).first(kHeadSize);
  if (c.value() == 0 || !c.native_layout() || mapped.memory.read(c.value(), bytes) != bytes.size()) return false;
  return mapped.head.data_size >= sizeof mapped.head.version;
}

template <std::size_t kRow>
void print_mapper_request(ArgContext& c) {
  constexpr const MapperRequest& kRequest = kMapperRequests[kRow];
  Mapped given{c, c.entry_memory(), false};
  if (!read_head(given)) {
    print_address(c, c.value());
    return;
  }
  print_mapped(given, kRequest);  // at entry, too: so all that it reads is captured
  if (c.wait_for_exit() || c.failed()) return;
  Mapped found{c, c.memory(), true};
  if (!read_head(found)) return;
  c.put(" => ");
  print_mapped(found, kRequest);
}

/// A printer of each row.
template <std::size_t... kRow>
constexpr std::array<IoctlPrinter, sizeof...(kRow)> printers_of_rows(std::index_sequence<kRow...>) {
  return {IoctlPrinter{kMapperRequests[kRow].request, print_mapper_request<kRow>}...};
}
constexpr auto kMapperPrinters = printers_of_rows(std::make_index_sequence<std::size(kMapperRequests)>());

}  // namespace

std::span<const IoctlPrinter> mapper_ioctls() { return kMapperPrinters; }

}  // namespace vdsotrace::ioctl
