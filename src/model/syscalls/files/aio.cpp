#include "model/syscalls/files/aio.hpp"

#include <algorithm>

#include <linux/aio_abi.h>

#include "model/syscalls/descriptors.hpp"
#include "model/syscalls/files/iovec.hpp"
#include "model/syscalls/kinds_common.hpp"
#include "model/syscalls/process/io_priority.hpp"

namespace vdsotrace {
namespace {

void print_io_event(ArgContext& c, const io_event& event) {
  c.put("{data=");
  print_hex(c, event.data);
  c.put(", obj=");
  print_address(c, event.obj);
  c.print(", res={}, res2={}}}", event.res, event.res2);
}

void print_io_events(ArgContext& c) {
  const auto count = c.filled(c.arg(2));
  print_array_at<io_event>(c, c.value(), count, [&](const io_event& event) { print_io_event(c, event); });
}

// include/uapi/linux/aio_abi.h
constexpr NamedValue kIoCommands[] = {{0, "IOCB_CMD_PREAD"},  {1, "IOCB_CMD_PWRITE"}, {2, "IOCB_CMD_FSYNC"},
                                      {3, "IOCB_CMD_FDSYNC"}, {4, "IOCB_CMD_PREADX"}, {5, "IOCB_CMD_POLL"},
                                      {6, "IOCB_CMD_NOOP"},   {7, "IOCB_CMD_PREADV"}, {8, "IOCB_CMD_PWRITEV"}};
constexpr NamedValue kRequestFlags[] = {{IOCB_FLAG_RESFD, "IOCB_FLAG_RESFD"}, {IOCB_FLAG_IOPRIO, "IOCB_FLAG_IOPRIO"}};
constexpr NamedValue kTransferFlags[] = {
    {1, "RWF_HIPRI"}, {2, "RWF_DSYNC"}, {4, "RWF_SYNC"}, {8, "RWF_NOWAIT"}, {0x10, "RWF_APPEND"}};

/// What the rest of a request is.
enum class RequestPart : std::uint8_t { none, buffer, data, places, lists };
RequestPart part_of(std::uint16_t command) {
  constexpr RequestPart kParts[] = {RequestPart::buffer, RequestPart::data,   RequestPart::none,
                                    RequestPart::none,   RequestPart::none,   RequestPart::none,
                                    RequestPart::none,   RequestPart::places, RequestPart::lists};
  return command < std::size(kParts) ? kParts[command] : RequestPart::none;
}

void print_request_buffer(ArgContext& c, const iocb& request, RequestPart part) {
  const auto count = static_cast<std::int64_t>(request.aio_nbytes);
  switch (part) {
    case RequestPart::none: break;
    case RequestPart::buffer: print_address(c, request.aio_buf); break;
    case RequestPart::data: print_buffer_at(c, request.aio_buf, request.aio_nbytes); break;
    case RequestPart::places:
    case RequestPart::lists:
      if (count < 0) {
        print_hex(c, request.aio_buf);
      } else if (part == RequestPart::places) {
        print_iovec_addresses_at(c, request.aio_buf, request.aio_nbytes);
      } else {
        print_iovecs_at(c, request.aio_buf, request.aio_nbytes);
      }
  }
}

/// Where and how much, and what has been asked for besides.
void print_request_rest(ArgContext& c, const iocb& request, RequestPart part) {
  c.put(", aio_buf=");
  print_request_buffer(c, request, part);
  const bool lists = part == RequestPart::places || part == RequestPart::lists;
  if (!lists || static_cast<std::int64_t>(request.aio_nbytes) < 0) c.print(", aio_nbytes={}", request.aio_nbytes);
  c.print(", aio_offset={}", request.aio_offset);
  if (request.aio_flags != 0) {
    c.put(", aio_flags=");
    print_flags(c, request.aio_flags, kRequestFlags, "IOCB_FLAG_???");
  }
  if ((request.aio_flags & IOCB_FLAG_RESFD) == 0) return;
  c.put(", aio_resfd=");
  print_fd(c, static_cast<std::int32_t>(request.aio_resfd));
}

/// `whole`: what it transfers too, which does not matter where it is taken back.
void print_request(ArgContext& c, const iocb& request, bool whole) {
  c.put("{aio_data=");
  print_hex(c, request.aio_data);
  if (request.aio_key != 0) c.print(", aio_key={}", request.aio_key);
  if (request.aio_rw_flags != 0) {
    c.put(", aio_rw_flags=");
    print_flags(c, static_cast<std::uint32_t>(request.aio_rw_flags), kTransferFlags, "RWF_???");
  }
  c.put(", aio_lio_opcode=");
  print_choice(c, request.aio_lio_opcode, kIoCommands, "IOCB_CMD_???", Digits::decimal);
  if ((request.aio_flags & IOCB_FLAG_IOPRIO) != 0) {
    c.put(", aio_reqprio=");
    print_io_priority(c, static_cast<std::uint16_t>(request.aio_reqprio));
  } else if (request.aio_reqprio != 0) {
    c.print(", aio_reqprio={}", request.aio_reqprio);
  }
  c.put(", aio_fildes=");
  print_fd(c, static_cast<std::int32_t>(request.aio_fildes));
  const RequestPart part = whole ? part_of(request.aio_lio_opcode) : RequestPart::none;
  if (part != RequestPart::none) print_request_rest(c, request, part);
  c.put("}");
}

/// The structure is laid out alike in every ABI.
void print_request_at(ArgContext& c, std::uint64_t address, bool whole) {
  const auto request = address != 0 ? c.memory().object<iocb>(address) : std::nullopt;
  if (request) {
    print_request(c, *request, whole);
  } else {
    print_address(c, address);
  }
}

void print_one_request(ArgContext& c) { print_request_at(c, c.value(), false); }

void print_requests(ArgContext& c) {
  const bool wide = c.word() == 8;
  const std::uint64_t said = c.arg(c.index() - 1);
  const std::int64_t count = wide ? static_cast<std::int64_t>(said) : static_cast<std::int32_t>(said);
  if (count < 0) {
    print_address(c, c.value());
    return;
  }
  const auto read = [&](std::uint64_t at) -> std::optional<std::uint64_t> {
    if (wide) return c.memory().object<std::uint64_t>(at);
    return c.memory().object<std::uint32_t>(at);
  };
  print_elements_at(c, c.value(), static_cast<std::uint64_t>(count), c.word(), read,
                    [&](std::uint64_t address) { print_request_at(c, address, true); });
}

void print_event(ArgContext& c) {
  print_object_at<io_event>(c, c.value(), [&](const io_event& event) { print_io_event(c, event); });
}

void print_context(ArgContext& c) {
  print_object_at<std::uint64_t>(c, c.value(), [&](std::uint64_t context) {
    c.put("[");
    print_address(c, context);
    c.put("]");
  });
}

}  // namespace

const ArgKind kIoRequest{print_one_request};
const ArgKind kIoRequests{print_requests};
const ArgKind kIoEventOut{print_event, When::exit};
const ArgKind kIoEvents{print_io_events, When::exit};
const ArgKind kIoContextOut{print_context, When::exit};

}  // namespace vdsotrace
