// io_uring_register(): what its operations take.
#include <algorithm>
#include <array>
#include <cstring>
#include <vector>

#include <linux/io_uring.h>

#include "model/syscalls/descriptors.hpp"
#include "model/syscalls/files/io_uring.hpp"
#include "model/syscalls/files/iovec.hpp"
#include "model/syscalls/kinds_common.hpp"
#include "model/syscalls/process/kinds.hpp"

namespace vdsotrace {
namespace {

constexpr NamedValue kIoUringRegisterOperationsNames[] = {
    {0, "IORING_REGISTER_BUFFERS"},         {1, "IORING_UNREGISTER_BUFFERS"},
    {2, "IORING_REGISTER_FILES"},           {3, "IORING_UNREGISTER_FILES"},
    {4, "IORING_REGISTER_EVENTFD"},         {5, "IORING_UNREGISTER_EVENTFD"},
    {6, "IORING_REGISTER_FILES_UPDATE"},    {7, "IORING_REGISTER_EVENTFD_ASYNC"},
    {8, "IORING_REGISTER_PROBE"},           {9, "IORING_REGISTER_PERSONALITY"},
    {10, "IORING_UNREGISTER_PERSONALITY"},  {11, "IORING_REGISTER_RESTRICTIONS"},
    {12, "IORING_REGISTER_ENABLE_RINGS"},   {13, "IORING_REGISTER_FILES2"},
    {14, "IORING_REGISTER_FILES_UPDATE2"},  {15, "IORING_REGISTER_BUFFERS2"},
    {16, "IORING_REGISTER_BUFFERS_UPDATE"}, {17, "IORING_REGISTER_IOWQ_AFF"},
    {18, "IORING_UNREGISTER_IOWQ_AFF"},     {19, "IORING_REGISTER_IOWQ_MAX_WORKERS"},
    {20, "IORING_REGISTER_RING_FDS"},       {21, "IORING_UNREGISTER_RING_FDS"},
    {22, "IORING_REGISTER_PBUF_RING"},      {23, "IORING_UNREGISTER_PBUF_RING"}};
constexpr NameTable kIoUringRegisterOperations{kIoUringRegisterOperationsNames, "IORING_REGISTER_???"};

constexpr NamedValue kOperationNames[] = {{0, "IORING_OP_NOP"},
                                          {1, "IORING_OP_READV"},
                                          {2, "IORING_OP_WRITEV"},
                                          {3, "IORING_OP_FSYNC"},
                                          {4, "IORING_OP_READ_FIXED"},
                                          {5, "IORING_OP_WRITE_FIXED"},
                                          {6, "IORING_OP_POLL_ADD"},
                                          {7, "IORING_OP_POLL_REMOVE"},
                                          {8, "IORING_OP_SYNC_FILE_RANGE"},
                                          {9, "IORING_OP_SENDMSG"},
                                          {10, "IORING_OP_RECVMSG"},
                                          {11, "IORING_OP_TIMEOUT"},
                                          {12, "IORING_OP_TIMEOUT_REMOVE"},
                                          {13, "IORING_OP_ACCEPT"},
                                          {14, "IORING_OP_ASYNC_CANCEL"},
                                          {15, "IORING_OP_LINK_TIMEOUT"},
                                          {16, "IORING_OP_CONNECT"},
                                          {17, "IORING_OP_FALLOCATE"},
                                          {18, "IORING_OP_OPENAT"},
                                          {19, "IORING_OP_CLOSE"},
                                          {20, "IORING_OP_FILES_UPDATE"},
                                          {21, "IORING_OP_STATX"},
                                          {22, "IORING_OP_READ"},
                                          {23, "IORING_OP_WRITE"},
                                          {24, "IORING_OP_FADVISE"},
                                          {25, "IORING_OP_MADVISE"},
                                          {26, "IORING_OP_SEND"},
                                          {27, "IORING_OP_RECV"},
                                          {28, "IORING_OP_OPENAT2"},
                                          {29, "IORING_OP_EPOLL_CTL"},
                                          {30, "IORING_OP_SPLICE"},
                                          {31, "IORING_OP_PROVIDE_BUFFERS"},
                                          {32, "IORING_OP_REMOVE_BUFFERS"},
                                          {33, "IORING_OP_TEE"},
                                          {34, "IORING_OP_SHUTDOWN"},
                                          {35, "IORING_OP_RENAMEAT"},
                                          {36, "IORING_OP_UNLINKAT"},
                                          {37, "IORING_OP_MKDIRAT"},
                                          {38, "IORING_OP_SYMLINKAT"},
                                          {39, "IORING_OP_LINKAT"},
                                          {40, "IORING_OP_MSG_RING"},
                                          {41, "IORING_OP_FSETXATTR"},
                                          {42, "IORING_OP_SETXATTR"},
                                          {43, "IORING_OP_FGETXATTR"},
                                          {44, "IORING_OP_GETXATTR"},
                                          {45, "IORING_OP_SOCKET"},
                                          {46, "IORING_OP_URING_CMD"}};  // as strace 6.1: the kernel has more
constexpr NamedValue kSubmissionFlags[] = {
    {1, "IOSQE_FIXED_FILE"},         {2, "IOSQE_IO_DRAIN"}, {4, "IOSQE_IO_LINK"},
    {8, "IOSQE_IO_HARDLINK"},        {0x10, "IOSQE_ASYNC"}, {0x20, "IOSQE_BUFFER_SELECT"},
    {0x40, "IOSQE_CQE_SKIP_SUCCESS"}};
constexpr NamedValue kProbeFlags[] = {{1, "IO_URING_OP_SUPPORTED"}};
constexpr NamedValue kRestrictions[] = {{0, "IORING_RESTRICTION_REGISTER_OP"},
                                        {1, "IORING_RESTRICTION_SQE_OP"},
                                        {2, "IORING_RESTRICTION_SQE_FLAGS_ALLOWED"},
                                        {3, "IORING_RESTRICTION_SQE_FLAGS_REQUIRED"}};
constexpr NamedValue kResourceFlags[] = {{1, "IORING_RSRC_REGISTER_SPARSE"}};
constexpr NamedValue kWorkers[] = {{0, "IO_WQ_BOUND"}, {1, "IO_WQ_UNBOUND"}};

/// How many of what the resource is there are; of structures that say it themselves, their size.
std::uint32_t resource_count(const ArgContext& c) { return static_cast<std::uint32_t>(c.arg(3)); }

/// The structures are laid out alike in every ABI.
template <class T, class Body>
void print_alike_at(ArgContext& c, std::uint64_t address, Body&& body) {
  const auto object = address != 0 ? c.memory().object<T>(address) : std::nullopt;
  if (object) {
    body(*object);
  } else {
    print_address(c, address);
  }
}

void print_descriptors_at(ArgContext& c, std::uint64_t address, std::uint64_t count) {
  print_plain_array_at<std::int32_t>(c, address, count, [&](std::int32_t fd) { print_fd(c, fd); });
}

/// Descriptors, of which one stands for no change.
void print_changed_descriptors_at(ArgContext& c, std::uint64_t address, std::uint64_t count) {
  print_plain_array_at<std::int32_t>(c, address, count, [&](std::int32_t fd) {
    if (fd == IORING_REGISTER_FILES_SKIP) {
      print_constant(c, static_cast<std::uint32_t>(fd), "IORING_REGISTER_FILES_SKIP", Digits::decimal);
    } else {
      print_fd(c, fd);
    }
  });
}

void buffers(ArgContext& c) { print_iovec_addresses_at(c, c.value(), resource_count(c)); }
void files(ArgContext& c) { print_descriptors_at(c, c.value(), resource_count(c)); }

void files_update(ArgContext& c) {
  print_alike_at<io_uring_files_update>(c, c.value(), [&](const io_uring_files_update& update) {
    c.print("{{offset={}", update.offset);
    print_reserved(c, "resv", update.resv);
    c.put(", fds=");
    print_changed_descriptors_at(c, update.fds, resource_count(c));
    c.put("}");
  });
}

/// struct io_uring_probe without its operations.
struct ProbeHead {
  std::uint8_t last_op;
  std::uint8_t ops_len;
  std::uint16_t resv;
  std::uint32_t resv2[3];
};

void print_probed_operation(ArgContext& c, const io_uring_probe_op& operation) {
  c.put("{op=");
  print_choice(c, operation.op, kOperationNames, "IORING_OP_???", Digits::decimal);
  print_reserved(c, "resv", operation.resv);
  c.put(", flags=");
  print_flags(c, operation.flags, kProbeFlags, "IO_URING_OP_???");
  print_reserved(c, "resv2", operation.resv2);
  c.put("}");
}

/// `count` of its operations are there, of which there is room for `room`.
void print_probe(ArgContext& c, const ProbeHead& probe, std::uint64_t count, std::uint64_t room) {
  c.put("{last_op=");
  print_choice(c, probe.last_op, kOperationNames, "IORING_OP_???", Digits::decimal);
  c.print(", ops_len={}", probe.ops_len);
  print_reserved(c, "resv", probe.resv);
  print_reserved(c, "resv2", probe.resv2);
  c.put(", ops=");
  const std::uint64_t at = c.value() + sizeof probe;
  if (room == 0 && count != 0) {
    c.put("[...]");
  } else {
    const auto read = [&](std::uint64_t address) -> std::optional<io_uring_probe_op> {
      // What lies behind the room need not be there.
      if (address >= at + room * sizeof(io_uring_probe_op)) return io_uring_probe_op{};
      return c.memory().object<io_uring_probe_op>(address);
    };
    const auto print = [&](const io_uring_probe_op& operation) { print_probed_operation(c, operation); };
    print_elements_at(c, at, count, sizeof(io_uring_probe_op), read, print, room);
  }
  c.put("}");
}

/// The kernel takes no more.
constexpr std::uint64_t kMostProbed = 256;

/// The whole of it, with as many operations as there is room for; empty if it cannot be read.
std::vector<std::byte> probe_at_entry(ArgContext& c) {
  std::vector<std::byte> bytes;
  if (c.value() == 0 || resource_count(c) > kMostProbed) return bytes;
  bytes.resize(sizeof(ProbeHead) + resource_count(c) * sizeof(io_uring_probe_op));
  if (c.entry_memory().read(c.value(), bytes) != bytes.size()) bytes.clear();
  return bytes;
}

/// A program hands over zeroes, which are not worth a line.
void probe(ArgContext& c) {
  const auto given = probe_at_entry(c);
  const bool empty = !given.empty() && std::ranges::all_of(given, [](std::byte byte) { return byte == std::byte{0}; });
  if (empty && c.wait_for_exit()) return;
  const std::uint64_t room = resource_count(c);
  if (!c.exiting() && given.empty()) {
    print_address(c, c.value());
  } else if (!c.exiting()) {
    ProbeHead head;
    std::memcpy(&head, given.data(), sizeof head);
    print_probe(c, head, room, room);
  }
  if (!c.exiting() || given.empty()) return;
  const auto filled = c.failed() ? std::nullopt : c.memory().object<ProbeHead>(c.value());
  if (filled) {
    if (!empty) c.put(" => ");
    print_probe(c, *filled, filled->ops_len, room);
  } else if (empty) {
    print_address(c, c.value());
  }
}

void print_restriction(ArgContext& c, const io_uring_restriction& restriction) {
  c.put("{opcode=");
  print_choice(c, restriction.opcode, kRestrictions, "IORING_RESTRICTION_???");
  switch (restriction.opcode) {
    case IORING_RESTRICTION_REGISTER_OP:
      c.put(", register_op=");
      print_choice(c, restriction.register_op, kIoUringRegisterOperations.values, kIoUringRegisterOperations.unknown);
      break;
    case IORING_RESTRICTION_SQE_OP:
      c.put(", sqe_op=");
      print_choice(c, restriction.sqe_op, kOperationNames, "IORING_OP_???");
      break;
    case IORING_RESTRICTION_SQE_FLAGS_ALLOWED:
    case IORING_RESTRICTION_SQE_FLAGS_REQUIRED:
      c.put(", sqe_flags=");
      print_flags(c, restriction.sqe_flags, kSubmissionFlags, "IOSQE_???");
      break;
    default:
      c.put(" /* op: ");
      print_hex(c, restriction.register_op);
      c.put(" */");
  }
  print_reserved(c, "resv", restriction.resv);
  print_reserved(c, "resv2", restriction.resv2);
  c.put("}");
}

void restrictions(ArgContext& c) {
  print_plain_array_at<io_uring_restriction>(c, c.value(), resource_count(c),
                                             [&](const io_uring_restriction& one) { print_restriction(c, one); });
}

using PrintData = void (*)(ArgContext&, std::uint64_t address, std::uint64_t count);

void print_tags(ArgContext& c, std::uint64_t address, std::uint64_t count) {
  c.put(", tags=");
  print_plain_array_at<std::uint64_t>(c, address, count, [&](std::uint64_t tag) { print_hex(c, tag); });
}

template <PrintData kPrint>
void resources(ArgContext& c) {
  const std::uint64_t size = resource_count(c);
  if (size < sizeof(io_uring_rsrc_register)) {
    print_address(c, c.value());
    return;
  }
  print_alike_at<io_uring_rsrc_register>(c, c.value(), [&](const io_uring_rsrc_register& given) {
    c.print("{{nr={}, flags=", given.nr);
    print_flags(c, given.flags, kResourceFlags, "IORING_RSRC_REGISTER_???");
    print_reserved(c, "resv2", given.resv2);
    c.put(", data=");
    kPrint(c, given.data, given.nr);
    print_tags(c, given.tags, given.nr);
    print_rest_of_struct(c, c.value(), sizeof given, size);
    c.put("}");
  });
}

template <PrintData kPrint>
void resources_update(ArgContext& c) {
  const std::uint64_t size = resource_count(c);
  if (size < sizeof(io_uring_rsrc_update2)) {
    print_address(c, c.value());
    return;
  }
  print_alike_at<io_uring_rsrc_update2>(c, c.value(), [&](const io_uring_rsrc_update2& given) {
    c.print("{{offset={}", given.offset);
    print_reserved(c, "resv", given.resv);
    c.put(", data=");
    kPrint(c, given.data, given.nr);
    print_tags(c, given.tags, given.nr);
    c.print(", nr={}", given.nr);
    print_reserved(c, "resv2", given.resv2);
    print_rest_of_struct(c, c.value(), sizeof given, size);
    c.put("}");
  });
}

void processors(ArgContext& c) { print_processors_at(c, c.value(), resource_count(c)); }

/// How many of each kind at most; the kernel gives back what there were.
void most_workers(ArgContext& c) {
  if (c.exiting()) {
    std::vector<std::byte> given(std::min<std::uint64_t>(resource_count(c), 64) * sizeof(std::uint32_t));
    const bool whole = c.value() != 0 && c.entry_memory().read(c.value(), given) == given.size();
    if (!whole || given.empty()) return;
    c.put(" => ");
  }
  if (c.exiting() && c.failed()) {
    print_address(c, c.value());
    return;
  }
  std::uint64_t place = 0;
  print_plain_array_at<std::uint32_t>(c, c.value(), resource_count(c), [&](std::uint32_t count) {
    c.put("[");
    print_choice(c, place++, kWorkers, "IO_WQ_???", Digits::decimal);
    c.print("]={}", count);
  });
}

/// `registering`: the data are a ring's descriptor, and there may be no place asked for.
template <bool kRegistering>
void rings(ArgContext& c) {
  print_plain_array_at<io_uring_rsrc_update>(c, c.value(), resource_count(c), [&](const io_uring_rsrc_update& one) {
    c.put("{offset=");
    if (kRegistering) {
      print_id(c, one.offset);
    } else {
      c.put_number(one.offset);
    }
    print_reserved(c, "resv", one.resv);
    if (kRegistering) {
      c.put(", data=");
      print_fd(c, static_cast<std::int32_t>(one.data));
    } else {
      print_reserved(c, "data", one.data);
    }
    c.put("}");
  });
}

/// struct io_uring_buf_reg, as headers have it up to Linux 6.3; `pad` is called `flags` since.
struct BufferRing {
  std::uint64_t ring_addr;
  std::uint32_t ring_entries;
  std::uint16_t bgid;
  std::uint16_t pad;
  std::uint64_t resv[3];
};
static_assert(sizeof(BufferRing) == sizeof(io_uring_buf_reg));

void buffer_ring(ArgContext& c) {
  print_alike_at<BufferRing>(c, c.value(), [&](const BufferRing& ring) {
    c.put("{ring_addr=");
    print_address(c, ring.ring_addr);
    c.print(", ring_entries={}, bgid={}", ring.ring_entries, ring.bgid);
    print_reserved(c, "pad", ring.pad);
    print_reserved(c, "resv", ring.resv);
    c.put("}");
  });
}

/// What an operation of io_uring_register takes; an address where none is named.
struct Registration {
  std::uint32_t operation;
  Printer print;
  bool gives_back = false;
};
constexpr std::array kRegistrations{
    Registration{IORING_REGISTER_BUFFERS, buffers},
    Registration{IORING_REGISTER_FILES, files},
    Registration{IORING_REGISTER_EVENTFD, files},
    Registration{IORING_REGISTER_FILES_UPDATE, files_update},
    Registration{IORING_REGISTER_EVENTFD_ASYNC, files},
    Registration{IORING_REGISTER_PROBE, probe, true},
    Registration{IORING_REGISTER_RESTRICTIONS, restrictions},
    Registration{IORING_REGISTER_FILES2, resources<print_descriptors_at>},
    Registration{IORING_REGISTER_FILES_UPDATE2, resources_update<print_changed_descriptors_at>},
    Registration{IORING_REGISTER_BUFFERS2, resources<print_iovec_addresses_at>},
    Registration{IORING_REGISTER_BUFFERS_UPDATE, resources_update<print_iovec_addresses_at>},
    Registration{IORING_REGISTER_IOWQ_AFF, processors},
    Registration{IORING_REGISTER_IOWQ_MAX_WORKERS, most_workers, true},
    Registration{IORING_REGISTER_RING_FDS, rings<true>},
    Registration{IORING_UNREGISTER_RING_FDS, rings<false>},
    Registration{IORING_REGISTER_PBUF_RING, buffer_ring},
    Registration{IORING_UNREGISTER_PBUF_RING, buffer_ring},
};

void print_resource(ArgContext& c) {
  const auto operation = static_cast<std::uint32_t>(c.arg(1));
  const auto* known = std::ranges::find(kRegistrations, operation, &Registration::operation);
  if (c.exiting() && (known == kRegistrations.end() || !known->gives_back)) return;
  if (known != kRegistrations.end()) {
    known->print(c);
  } else {
    print_address(c, c.value());
  }
}

}  // namespace

const ArgKind kIoUringOperation{print_choice_arg<kIoUringRegisterOperations>};
const ArgKind kIoUringResource{print_resource, When::amended};

}  // namespace vdsotrace
