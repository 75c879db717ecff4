#include "model/syscalls/ioctl/kinds.hpp"

#include <algorithm>

#include <linux/perf_event.h>
#include <linux/random.h>
#include <linux/watchdog.h>
#include <scsi/sg.h>
#include <sys/ioctl.h>

#include "model/syscalls/ioctl/values.hpp"
#include "model/syscalls/kinds_common.hpp"

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

/// Requests of devices that have too few for a file of their own.
constexpr IoctlPrinter kOthers[] = {
    {PERF_EVENT_IOC_ENABLE, print_perf_flags}, {PERF_EVENT_IOC_DISABLE, print_perf_flags},
    {PERF_EVENT_IOC_RESET, print_perf_flags},  {PERF_EVENT_IOC_PERIOD, print_long_at},
    {PERF_EVENT_IOC_ID, print_long_out},       {RNDGETENTCNT, print_ioctl_int_out},
    {RNDADDTOENTCNT, print_ioctl_int},         {WDIOC_SETTIMEOUT, print_ioctl_int},
    {WDIOC_SETPRETIMEOUT, print_ioctl_int},    {SG_NEXT_CMD_LEN, print_ioctl_int},
    {SG_SET_COMMAND_Q, print_ioctl_int},       {SG_SET_DEBUG, print_ioctl_int},
    {SG_SET_FORCE_LOW_DMA, print_ioctl_int},   {SG_SET_FORCE_PACK_ID, print_ioctl_int},
    {SG_SET_KEEP_ORPHAN, print_ioctl_int},     {SG_SET_RESERVED_SIZE, print_ioctl_int},
    {SG_SET_TIMEOUT, print_ioctl_int},
};

Printer printer_in(std::span<const IoctlPrinter> printers, std::uint32_t request) {
  const auto found =
      std::find_if(printers.begin(), printers.end(), [&](const IoctlPrinter& one) { return one.request == request; });
  return found != printers.end() ? found->print : nullptr;
}

Printer printer_of(std::uint32_t request) {
  for (const auto printers : {terminal_ioctls(), interface_ioctls(), file_ioctls(), seccomp_ioctls(),
                              std::span<const IoctlPrinter>(kOthers)}) {
    if (const Printer printer = printer_in(printers, request)) return printer;
  }
  return nullptr;
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
  if (const Printer printer = printer_of(request)) {
    printer(c);
    return;
  }
  const IoctlRequest* known = ioctl_request(request);
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

const ArgKind kIoctlRequest{print_request};
const ArgKind kIoctlValue{print_value, When::either};

}  // namespace vdsotrace
