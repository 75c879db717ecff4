// Commands to SCSI devices: the SG_IO request with struct sg_io_hdr (include/scsi/sg.h), as hdparm, smartctl and udev
// make it.
#include <algorithm>
#include <cstring>
#include <vector>

#include <scsi/sg.h>

#include "model/syscalls/files/iovec.hpp"
#include "model/syscalls/ioctl/shapes.hpp"
#include "model/syscalls/print.hpp"

namespace vdsotrace::ioctl {
namespace {

constexpr std::uint32_t kFormOfSg = 'S';   // of struct sg_io_hdr
constexpr std::uint32_t kFormOfBsg = 'Q';  // of struct sg_io_v4 (linux/bsg.h), which is not decoded

constexpr NamedValue kDirectionNames[] = {NAMED(SG_DXFER_NONE),
                                          NAMED(SG_DXFER_TO_DEV),
                                          NAMED(SG_DXFER_FROM_DEV),
                                          NAMED(SG_DXFER_TO_FROM_DEV),
                                          {0xfffffffb, "SG_DXFER_UNKNOWN"}};
// As the kernel has them; glibc's header lacks some.
constexpr NamedValue kRequestFlags[] = {{0x1, "SG_FLAG_DIRECT_IO"},  {0x2, "SG_FLAG_UNUSED_LUN_INHIBIT"},
                                        {0x4, "SG_FLAG_MMAP_IO"},    {0x10000, "SG_FLAG_NO_DXFER"},
                                        {0x10, "SG_FLAG_Q_AT_TAIL"}, {0x20, "SG_FLAG_Q_AT_HEAD"}};
constexpr NamedValue kAnswerInfo[] = {{0x1, "SG_INFO_CHECK"}, {0x2, "SG_INFO_DIRECT_IO"}, {0x4, "SG_INFO_MIXED_IO"}};

bool brings_data(int direction) { return direction == SG_DXFER_FROM_DEV || direction == SG_DXFER_TO_FROM_DEV; }
bool takes_data(int direction) { return direction == SG_DXFER_TO_DEV || direction == SG_DXFER_TO_FROM_DEV; }

std::uint64_t address_of(const void* pointer) { return reinterpret_cast<std::uint64_t>(pointer); }

void print_hex_from(ArgContext& c, Memory& memory, std::uint64_t address, std::uint64_t size) {
  std::vector<std::byte> bytes(static_cast<std::size_t>(std::min<std::uint64_t>(size, c.limits().string)));
  if (address == 0 || memory.read(address, bytes) != bytes.size()) {
    print_address(c, address);
  } else {
    append_quoted_hex(c.out(), bytes, size > bytes.size());
  }
}

/// The data of one direction: bytes, or a vector of buffers that together hold so many.
void print_data(ArgContext& c, Memory& memory, const sg_io_hdr& request, std::uint64_t size) {
  c.put("dxferp=");
  const std::uint64_t at = address_of(request.dxferp);
  if (request.iovec_count == 0) {
    print_hex_from(c, memory, at, size);
  } else {
    print_iovecs_at(c, at, request.iovec_count, size);
  }
}

void print_asked(ArgContext& c, const sg_io_hdr& request) {
  c.put("interface_id='S', dxfer_direction=");
  print_choice(c, static_cast<std::uint32_t>(request.dxfer_direction), kDirectionNames, "SG_DXFER_???");
  c.print(", cmd_len={}, cmdp=", request.cmd_len);
  print_hex_from(c, c.entry_memory(), address_of(request.cmdp), request.cmd_len);
  c.print(", mx_sb_len={}, iovec_count={}, dxfer_len={}, timeout={}, flags=", request.mx_sb_len, request.iovec_count,
          request.dxfer_len, request.timeout);
  print_flags(c, request.flags, kRequestFlags, "SG_FLAG_???");
  if (!takes_data(request.dxfer_direction)) return;
  c.put(", ");
  print_data(c, c.entry_memory(), request, request.dxfer_len);
}

/// What the device has left out of the data is the residue.
void print_brought(ArgContext& c, const sg_io_hdr& asked, const sg_io_hdr& answer) {
  const auto left = static_cast<std::uint32_t>(std::max(answer.resid, 0));
  const std::uint32_t size = left <= asked.dxfer_len ? asked.dxfer_len - left : asked.dxfer_len;
  const bool both = takes_data(asked.dxfer_direction);
  if (both && size == 0) return;
  c.put(both ? " => " : ", ");
  print_data(c, c.memory(), asked, size);
}

void print_state(ArgContext& c, std::string_view name, std::uint32_t value) {
  c.print(", {}=", name);
  print_hex(c, value);
}

void print_answer(ArgContext& c, const sg_io_hdr& answer) {
  print_state(c, "status", answer.status);
  print_state(c, "masked_status", answer.masked_status);
  print_state(c, "msg_status", answer.msg_status);
  c.print(", sb_len_wr={}, sbp=", answer.sb_len_wr);
  print_hex_from(c, c.memory(), address_of(answer.sbp), answer.sb_len_wr);
  print_state(c, "host_status", answer.host_status);
  print_state(c, "driver_status", answer.driver_status);
  c.print(", resid={}, duration={}, info=", answer.resid, answer.duration);
  print_flags(c, answer.info, kAnswerInfo, "SG_INFO_???");
}

void print_scsi_request(ArgContext& c) {
  const auto form = c.value() != 0 ? c.entry_memory().object<std::uint32_t>(c.value()) : std::nullopt;
  if (!form || *form == kFormOfBsg || !c.native_layout()) {
    print_address(c, c.value());
    return;
  }
  if (*form != kFormOfSg) {
    c.print("[{}]", *form);
    return;
  }
  const auto asked = c.entry_memory().object<sg_io_hdr>(c.value());
  if (!asked) {
    c.print("{{interface_id='S', {:#x}}}", c.value() + sizeof *form);
    return;
  }
  c.put("{");
  print_asked(c, *asked);
  if (c.wait_for_exit()) return;
  if (const auto answer = c.memory().object<sg_io_hdr>(c.value())) {
    if (brings_data(asked->dxfer_direction)) print_brought(c, *asked, *answer);
    print_answer(c, *answer);
  }
  c.put("}");
}

constexpr IoctlPrinter kScsiPrinters[] = {{SG_IO, print_scsi_request}};

}  // namespace

std::span<const IoctlPrinter> scsi_ioctls() { return kScsiPrinters; }

}  // namespace vdsotrace::ioctl
