#include "model/syscalls/ioctl/kinds.hpp"

#include <algorithm>
#include <vector>

#include <linux/kvm.h>
#include <linux/perf_event.h>
#include <linux/random.h>
#include <linux/watchdog.h>
#include <scsi/sg.h>
#include <sys/ioctl.h>

#include "model/syscalls/ioctl/shapes.hpp"
#include "model/syscalls/ioctl/values.hpp"
#include "model/syscalls/kinds_common.hpp"
#include "model/syscalls/process/perf_event.hpp"

namespace vdsotrace {
namespace {

constexpr NamedValue kDirections[] = {{_IOC_NONE, "_IOC_NONE"}, {_IOC_READ, "_IOC_READ"}, {_IOC_WRITE, "_IOC_WRITE"}};

constexpr NamedValue kPerfFlags[] = {{PERF_IOC_FLAG_GROUP, "PERF_IOC_FLAG_GROUP"}};

void print_perf_flags(ArgContext& c) { print_flags(c, c.as_uint(), kPerfFlags, "PERF_IOC_FLAG_???"); }

void print_long_at(ArgContext& c) {
  print_object_at<std::uint64_t>(c, c.value(), [&](std::uint64_t v) { c.print("[{}]", v); });
}

void print_long_out(ArgContext& c) {
  if (!c.wait_for_exit()) print_long_at(c);
}

void print_unsigned_out(ArgContext& c) {
  if (!c.wait_for_exit()) print_uint_at_arg(c);
}

void print_string_in(ArgContext& c) { print_string_at(c, c.value()); }

/// Members of a header and what they count behind it.
struct Counted {
  std::int32_t first;
  std::int32_t second;
};

void print_entropy(ArgContext& c) {
  print_object_at<Counted>(c, c.value(), [&](const Counted& pool) {
    c.print("{{entropy_count={}, buf_size={}, buf=", pool.first, pool.second);
    print_buffer_at(c, c.value() + sizeof pool, static_cast<std::uint64_t>(std::max(pool.second, 0)));
    c.put("}");
  });
}

/// struct perf_event_query_bpf: how many numbers there is room for, how many programs there are, their numbers.
void print_programs(ArgContext& c) {
  const auto room = c.value() != 0 ? c.entry_memory().object<std::uint32_t>(c.value()) : std::nullopt;
  if (!room) {
    print_address(c, c.value());
    return;
  }
  if (c.wait_for_exit()) return;
  c.print("{{ids_len={}, ", *room);
  const auto count = c.failed() ? std::nullopt : c.memory().object<std::uint32_t>(c.value() + sizeof *room);
  if (!count) {
    c.put("...}");
    return;
  }
  c.print("prog_cnt={}, ids=", *count);
  print_plain_array_at<std::uint32_t>(c, c.value() + 2 * sizeof *room, std::min(*room, *count),
                                      [&](std::uint32_t id) { c.put_number(id); });
  c.put("}");
}

void print_event_attributes(ArgContext& c) { print_perf_event_attributes_at(c, c.value()); }

constexpr NamedValue kNamespaces[] = {{0x20000, "CLONE_NEWNS"},      {0x2000000, "CLONE_NEWCGROUP"},
                                      {0x4000000, "CLONE_NEWUTS"},   {0x8000000, "CLONE_NEWIPC"},
                                      {0x10000000, "CLONE_NEWUSER"}, {0x20000000, "CLONE_NEWPID"},
                                      {0x40000000, "CLONE_NEWNET"},  {0x80, "CLONE_NEWTIME"}};
constexpr std::uint32_t kNamespaceType = 0xb703;    // NS_GET_NSTYPE: _IO(0xb7, 3)
constexpr std::uint32_t kNamespaceUser = 0xb701;    // NS_GET_USERNS: _IO(0xb7, 1)
constexpr std::uint32_t kNamespaceParent = 0xb702;  // NS_GET_PARENT: _IO(0xb7, 2)
constexpr std::uint32_t kNamespaceOwner = 0xb704;   // NS_GET_OWNER_UID: _IO(0xb7, 4)
constexpr std::uint32_t kNextWatch = 0x40044900;    // INOTIFY_IOC_SETNEXTWD: _IOW('I', 0, __s32), since Linux 4.18

/// Requests of which the result is a descriptor.
constexpr std::uint32_t kMakeDescriptors[] = {KVM_CREATE_VM, KVM_CREATE_VCPU, kNamespaceUser, kNamespaceParent};

/// Requests of devices that have too few for a file of their own.
constexpr IoctlPrinter kOthers[] = {
    {PERF_EVENT_IOC_ENABLE, print_perf_flags},
    {PERF_EVENT_IOC_DISABLE, print_perf_flags},
    {PERF_EVENT_IOC_RESET, print_perf_flags},
    {PERF_EVENT_IOC_PERIOD, print_long_at},
    {PERF_EVENT_IOC_ID, print_long_out},
    {PERF_EVENT_IOC_SET_FILTER, print_string_in},
    {PERF_EVENT_IOC_QUERY_BPF, print_programs},
    {PERF_EVENT_IOC_MODIFY_ATTRIBUTES, print_event_attributes},
    {RNDADDENTROPY, print_entropy},
    {kNamespaceOwner, print_unsigned_out},
    {kNextWatch, print_int_arg},
    {RNDGETENTCNT, print_ioctl_int_out},
    {RNDADDTOENTCNT, print_ioctl_int},
    {WDIOC_SETTIMEOUT, print_ioctl_int},
    {WDIOC_SETPRETIMEOUT, print_ioctl_int},
    {SG_NEXT_CMD_LEN, print_ioctl_int},
    {SG_SET_COMMAND_Q, print_ioctl_int},
    {SG_SET_DEBUG, print_ioctl_int},
    {SG_SET_FORCE_LOW_DMA, print_ioctl_int},
    {SG_SET_FORCE_PACK_ID, print_ioctl_int},
    {SG_SET_KEEP_ORPHAN, print_ioctl_int},
    {SG_SET_RESERVED_SIZE, print_ioctl_int},
    {SG_SET_TIMEOUT, print_ioctl_int},
};

/// How the third argument of one request is printed: by a function or by a row.
struct IoctlArgument {
  std::uint32_t request;
  Printer print;
  const ioctl::IoctlShape* shape;
};

std::vector<IoctlArgument> all_arguments() {
  std::vector<IoctlArgument> all;
  for (const auto printers :
       {terminal_ioctls(), interface_ioctls(), file_ioctls(), ioctl::disk_ioctls(), ioctl::input_ioctls(),
        ioctl::drive_ioctls(), ioctl::mapper_ioctls(), ioctl::scsi_ioctls(), ioctl::btrfs_ioctls(),
        ioctl::console_ioctls(), ioctl::font_ioctls(), ioctl::guest_ioctls(), seccomp_ioctls(),
        std::span<const IoctlPrinter>(kOthers)}) {
    for (const IoctlPrinter& one : printers) all.push_back({one.request, one.print, nullptr});
  }
  for (const auto shapes :
       {ioctl::clock_shapes(), ioctl::precision_clock_shapes(), ioctl::input_shapes(), ioctl::disk_shapes(),
        ioctl::drive_shapes(), ioctl::memory_shapes(), ioctl::infrared_shapes(), ioctl::btrfs_shapes(),
        ioctl::console_shapes(), ioctl::font_shapes(), ioctl::guest_shapes()}) {
    for (const ioctl::IoctlShape& one : shapes) all.push_back({one.request, nullptr, &one});
  }
  std::ranges::stable_sort(all, {}, &IoctlArgument::request);
  return all;
}

const IoctlArgument* argument_of(std::uint32_t request) {
  static const std::vector<IoctlArgument> kAll = all_arguments();
  const auto found = std::ranges::lower_bound(kAll, request, {}, &IoctlArgument::request);
  return found != kAll.end() && found->request == request ? &*found : nullptr;
}

void print_request(ArgContext& c) {
  const std::uint32_t request = c.as_uint();
  if (const IoctlRequest* known = ioctl_request(request)) {
    print_constant(c, request, known->name);
    return;
  }
  if (const std::string_view name = generated_ioctl_name(request); !name.empty()) {
    print_constant(c, request, name);
    return;
  }
  if (ioctl::print_sized_request(c, request)) return;
  print_meaning_of(c, request, [&] {
    c.put("_IOC(");
    print_flags(c, _IOC_DIR(request), kDirections, "_IOC_???");
    for (const std::uint32_t part : {_IOC_TYPE(request), _IOC_NR(request), _IOC_SIZE(request)}) {
      c.put(", ");
      print_hex(c, part);
    }
    c.put(")");
  });
}

void print_value(ArgContext& c) {
  const auto request = static_cast<std::uint32_t>(c.arg(1));
  if (const IoctlArgument* argument = argument_of(request)) {
    if (argument->print != nullptr) {
      argument->print(c);
    } else {
      ioctl::print_shape(c, *argument->shape);
    }
    return;
  }
  const IoctlRequest* known = ioctl_request(request);
  const bool has_name = known != nullptr || !generated_ioctl_name(request).empty();
  if (!has_name && ioctl::print_sized_value(c, request)) return;
  switch (known != nullptr ? known->third : Third::hex) {
    case Third::none: break;
    case Third::number: c.print("{}", c.as_int()); break;
    case Third::word: print_ulong_arg(c); break;
    case Third::pointer: print_address(c, c.value()); break;
    case Third::hex: print_hex(c, c.value()); break;
  }
}

}  // namespace

void print_ioctl_int(ArgContext& c) { print_int_at_arg(c); }

void print_ioctl_int_out(ArgContext& c) {
  if (!c.wait_for_exit()) print_int_at_arg(c);
}

void result_ioctl(ArgContext& c) {
  const auto request = static_cast<std::uint32_t>(c.arg(1));
  if (std::ranges::find(kMakeDescriptors, request) != std::end(kMakeDescriptors)) {
    result_fd(c);
  } else {
    result_number(c);
  }
}

void comment_ioctl(ArgContext& c) {
  if (static_cast<std::uint32_t>(c.arg(1)) != kNamespaceType) return;
  c.put("(");
  print_flags(c, static_cast<std::uint64_t>(c.call().result), kNamespaces, "CLONE_???");
  c.put(")");
}

const ArgKind kIoctlRequest{print_request};
const ArgKind kIoctlValue{print_value, When::either};

}  // namespace vdsotrace
