// Commands to SCSI devices: the SG_IO request with struct sg_io_hdr (include/scsi/sg.h), as hdparm, smartctl and udev
// make it, or with struct sg_io_v4 (linux/bsg.h).
#include <algorithm>
#include <cstring>
#include <vector>

#include <linux/bsg.h>
#include <scsi/sg.h>

#include "model/syscalls/files/iovec.hpp"
#include "model/syscalls/ioctl/shapes.hpp"
#include "model/syscalls/print.hpp"

namespace vdsotrace::ioctl {
namespace {

constexpr std::uint32_t kFormOfSg = 'S';   // of struct sg_io_hdr
constexpr std::uint32_t kFormOfBsg = 'Q';  // of struct sg_io_v4

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
constexpr NamedValue kBsgProtocols[] = {NAMED(BSG_PROTOCOL_SCSI)};
constexpr NamedValue kBsgSubprotocols[] = {NAMED(BSG_SUB_PROTOCOL_SCSI_CMD), NAMED(BSG_SUB_PROTOCOL_SCSI_TMF),
                                           NAMED(BSG_SUB_PROTOCOL_SCSI_TRANSPORT)};
constexpr NamedValue kBsgFlags[] = {NAMED(BSG_FLAG_Q_AT_TAIL), NAMED(BSG_FLAG_Q_AT_HEAD)};

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
void print_transfer(ArgContext& c, Memory& memory, std::uint64_t at, std::uint32_t buffers, std::uint64_t size) {
  if (buffers == 0) {
    print_hex_from(c, memory, at, size);
  } else {
    print_iovecs_at(c, at, buffers, size);
  }
}

void print_data(ArgContext& c, Memory& memory, const sg_io_hdr& request, std::uint64_t size) {
  c.put("dxferp=");
  print_transfer(c, memory, address_of(request.dxferp), request.iovec_count, size);
}

/// How many of the bytes that were asked for are there: what the device has left out is the residue.
std::uint32_t transferred(std::uint32_t asked, std::int32_t residue) {
  const auto left = static_cast<std::uint32_t>(std::max(residue, 0));
  return left <= asked ? asked - left : asked;
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

void print_brought(ArgContext& c, const sg_io_hdr& asked, const sg_io_hdr& answer) {
  const std::uint32_t size = transferred(asked.dxfer_len, answer.resid);
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

void print_bsg_asked(ArgContext& c, const sg_io_v4& request) {
  c.put("guard='Q', protocol=");
  print_choice(c, request.protocol, kBsgProtocols, "BSG_PROTOCOL_???");
  c.put(", subprotocol=");
  print_choice(c, request.subprotocol, kBsgSubprotocols, "BSG_SUB_PROTOCOL_???");
  c.print(", request_len={}, request=", request.request_len);
  print_hex_from(c, c.entry_memory(), request.request, request.request_len);
  c.put(", request_tag=");
  print_hex(c, request.request_tag);
  c.print(", request_attr={}, request_priority={}, request_extra={}, max_response_len={}", request.request_attr,
          request.request_priority, request.request_extra, request.max_response_len);
  c.print(", dout_iovec_count={}, dout_xfer_len={}, din_iovec_count={}, din_xfer_len={}, dout_xferp=",
          request.dout_iovec_count, request.dout_xfer_len, request.din_iovec_count, request.din_xfer_len);
  print_transfer(c, c.entry_memory(), request.dout_xferp, request.dout_iovec_count, request.dout_xfer_len);
  c.print(", timeout={}, flags=", request.timeout);
  print_flags(c, request.flags, kBsgFlags, "BSG_FLAG_???");
  c.put(", usr_ptr=");
  print_hex(c, request.usr_ptr);
}

void print_bsg_answer(ArgContext& c, const sg_io_v4& asked, const sg_io_v4& answer) {
  c.print(", response_len={}, response=", answer.response_len);
  print_hex_from(c, c.memory(), answer.response, answer.response_len);
  c.put(", din_xferp=");
  print_transfer(c, c.memory(), asked.din_xferp, asked.din_iovec_count,
                 transferred(asked.din_xfer_len, answer.din_resid));
  print_state(c, "driver_status", answer.driver_status);
  print_state(c, "transport_status", answer.transport_status);
  print_state(c, "device_status", answer.device_status);
  c.print(", retry_delay={}, info=", answer.retry_delay);
  print_flags(c, answer.info, kAnswerInfo, "SG_INFO_???");
  c.print(", duration={}, response_len={}, din_resid={}, dout_resid={}, generated_tag=", answer.duration,
          answer.response_len, answer.din_resid, answer.dout_resid);
  print_hex(c, answer.generated_tag);
}

/// Laid out alike in every ABI.
void print_bsg_request(ArgContext& c) {
  const auto asked = c.entry_memory().object<sg_io_v4>(c.value());
  if (!asked) {
    c.print("{{guard='Q', {:#x}}}", c.value() + sizeof asked->guard);
    return;
  }
  c.put("{");
  print_bsg_asked(c, *asked);
  if (c.wait_for_exit()) return;
  if (const auto answer = c.memory().object<sg_io_v4>(c.value())) print_bsg_answer(c, *asked, *answer);
  c.put("}");
}

void print_scsi_request(ArgContext& c) {
  const auto form = c.value() != 0 ? c.entry_memory().object<std::uint32_t>(c.value()) : std::nullopt;
  if (form && *form == kFormOfBsg) {
    print_bsg_request(c);
    return;
  }
  if (!form || !c.native_layout()) {
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
