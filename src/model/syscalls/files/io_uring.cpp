#include "model/syscalls/files/io_uring.hpp"

#include <linux/io_uring.h>

#include "model/syscalls/descriptors.hpp"
#include "model/syscalls/kinds_common.hpp"

namespace vdsotrace {
namespace {

constexpr NamedValue kSetupFlags[] = {{1, "IORING_SETUP_IOPOLL"},
                                      {2, "IORING_SETUP_SQPOLL"},
                                      {4, "IORING_SETUP_SQ_AFF"},
                                      {8, "IORING_SETUP_CQSIZE"},
                                      {0x10, "IORING_SETUP_CLAMP"},
                                      {0x20, "IORING_SETUP_ATTACH_WQ"},
                                      {0x40, "IORING_SETUP_R_DISABLED"},
                                      {0x80, "IORING_SETUP_SUBMIT_ALL"},
                                      {0x100, "IORING_SETUP_COOP_TASKRUN"},
                                      {0x200, "IORING_SETUP_TASKRUN_FLAG"},
                                      {0x400, "IORING_SETUP_SQE128"},
                                      {0x800, "IORING_SETUP_CQE32"},
                                      {0x1000, "IORING_SETUP_SINGLE_ISSUER"},
                                      {0x2000, "IORING_SETUP_DEFER_TASKRUN"}};

constexpr NamedValue kFeatures[] = {{1, "IORING_FEAT_SINGLE_MMAP"},        {2, "IORING_FEAT_NODROP"},
                                    {4, "IORING_FEAT_SUBMIT_STABLE"},      {8, "IORING_FEAT_RW_CUR_POS"},
                                    {0x10, "IORING_FEAT_CUR_PERSONALITY"}, {0x20, "IORING_FEAT_FAST_POLL"},
                                    {0x40, "IORING_FEAT_POLL_32BITS"},     {0x80, "IORING_FEAT_SQPOLL_NONFIXED"},
                                    {0x100, "IORING_FEAT_EXT_ARG"},        {0x200, "IORING_FEAT_NATIVE_WORKERS"},
                                    {0x400, "IORING_FEAT_RSRC_TAGS"},      {0x800, "IORING_FEAT_CQE_SKIP"},
                                    {0x1000, "IORING_FEAT_LINKED_FILE"}};

constexpr NamedValue kIoUringEnterFlagsNames[] = {{1, "IORING_ENTER_GETEVENTS"},
                                                  {2, "IORING_ENTER_SQ_WAKEUP"},
                                                  {4, "IORING_ENTER_SQ_WAIT"},
                                                  {8, "IORING_ENTER_EXT_ARG"},
                                                  {0x10, "IORING_ENTER_REGISTERED_RING"}};
constexpr NameTable kIoUringEnterFlags{kIoUringEnterFlagsNames, "IORING_ENTER_???"};

void print_submission_offsets(ArgContext& c, const io_sqring_offsets& at) {
  c.print("{{head={}, tail={}, ring_mask={}, ring_entries={}, flags={}, dropped={}, array={}}}", at.head, at.tail,
          at.ring_mask, at.ring_entries, at.flags, at.dropped, at.array);
}

void print_completion_offsets(ArgContext& c, const io_cqring_offsets& at) {
  c.print("{{head={}, tail={}, ring_mask={}, ring_entries={}, overflow={}, cqes={}, flags={}}}", at.head, at.tail,
          at.ring_mask, at.ring_entries, at.overflow, at.cqes, at.flags);
}

/// What the program asked for.
void print_request(ArgContext& c, const io_uring_params& params) {
  c.put("{flags=");
  print_flags(c, params.flags, kSetupFlags, "IORING_SETUP_???");
  c.put(", sq_thread_cpu=");
  print_hex(c, params.sq_thread_cpu);
  c.print(", sq_thread_idle={}", params.sq_thread_idle);
  if ((params.flags & IORING_SETUP_ATTACH_WQ) != 0) {
    c.put(", wq_fd=");
    print_fd(c, static_cast<std::int32_t>(params.wq_fd));
  }
  print_reserved(c, "resv", params.resv);
}

/// What the kernel gave.
void print_grant(ArgContext& c, const io_uring_params& params) {
  c.print(", sq_entries={}, cq_entries={}, features=", params.sq_entries, params.cq_entries);
  print_flags(c, params.features, kFeatures, "IORING_FEAT_???");
  c.put(", sq_off=");
  print_submission_offsets(c, params.sq_off);
  c.put(", cq_off=");
  print_completion_offsets(c, params.cq_off);
}

/// At entry what was asked for; at the end what was given joins it.
void print_params(ArgContext& c) {
  const auto asked = c.value() != 0 && c.native_layout() ? c.entry_memory().object<io_uring_params>(c.value())
                                                         : std::nullopt;
  if (!c.exiting()) {
    if (asked) {
      print_request(c, *asked);
    } else {
      print_address(c, c.value());
    }
    return;
  }
  if (!asked) return;
  const auto given = c.failed() ? std::nullopt : c.memory().object<io_uring_params>(c.value());
  if (given) print_grant(c, *given);
  c.put("}");
}

}  // namespace

const ArgKind kIoUringParams{print_params, When::amended};
const ArgKind kIoUringEnterFlagBits{print_flags_arg<kIoUringEnterFlags>};

}  // namespace vdsotrace
