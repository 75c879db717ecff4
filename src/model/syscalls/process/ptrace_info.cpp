// What PTRACE_GET_SYSCALL_INFO fills in: as much of it as the program has room for.
#include <array>

#include <linux/audit.h>
#include <linux/ptrace.h>

#include "model/syscalls/errno.hpp"
#include "model/syscalls/process/ptrace_info.hpp"

namespace vdsotrace {
namespace {

constexpr std::array kStops{NAMED(PTRACE_SYSCALL_INFO_NONE), NAMED(PTRACE_SYSCALL_INFO_ENTRY),
                            NAMED(PTRACE_SYSCALL_INFO_EXIT), NAMED(PTRACE_SYSCALL_INFO_SECCOMP)};
constexpr std::array kArchitectures{NAMED(AUDIT_ARCH_X86_64), NAMED(AUDIT_ARCH_I386)};

/// Of which `size` bytes are there.
struct PartOfInfo {
  const ptrace_syscall_info& info;
  std::uint64_t size;

  template <class T>
  bool has(const T& member) const {
    const auto offset = reinterpret_cast<std::uintptr_t>(&member) - reinterpret_cast<std::uintptr_t>(&info);
    return offset + sizeof member <= size;
  }
};

void print_call_number(ArgContext& c, std::uint64_t number, std::uint32_t architecture) {
  const Abi abi = architecture == AUDIT_ARCH_I386 ? Abi::i386 : Abi::x86_64;
  const CallSpec* spec = spec_of(abi, static_cast<std::int64_t>(number));
  const auto print_number = [&] { c.put_number(number); };
  if (spec == nullptr) {
    print_number();
  } else {
    print_meaning(c, print_number, [&] { c.print("__NR_{}", spec->name); });
  }
}

void print_call(ArgContext& c, const PartOfInfo& part, std::uint64_t number, const __u64 (&arguments)[6]) {
  c.put("{nr=");
  print_call_number(c, number, part.info.arch);
  for (std::size_t i = 0; i < std::size(arguments) && part.has(arguments[i]); ++i) {
    c.put(i == 0 ? ", args=[" : ", ");
    print_hex(c, arguments[i]);
  }
  if (part.has(arguments[0])) c.put("]");
}

void print_return(ArgContext& c, const PartOfInfo& part) {
  const std::int64_t value = part.info.exit.rval;
  const bool has_kind = part.has(part.info.exit.is_error);
  const int error = has_kind && part.info.exit.is_error != 0 ? error_of(value) : 0;
  const auto number = [&] { c.put_number(value); };
  c.put("{rval=");
  if (errno_name(error).empty()) {
    number();
  } else {
    print_meaning(c, number, [&] { c.print("-{}", errno_name(error)); });
  }
  if (has_kind) c.print(", is_error={}", part.info.exit.is_error);
}

void print_stop(ArgContext& c, const PartOfInfo& part) {
  const ptrace_syscall_info& info = part.info;
  switch (info.op) {
    case PTRACE_SYSCALL_INFO_ENTRY:
      if (!part.has(info.entry.nr)) return;
      c.put(", entry=");
      print_call(c, part, info.entry.nr, info.entry.args);
      break;
    case PTRACE_SYSCALL_INFO_EXIT:
      if (!part.has(info.exit.rval)) return;
      c.put(", exit=");
      print_return(c, part);
      break;
    case PTRACE_SYSCALL_INFO_SECCOMP:
      if (!part.has(info.seccomp.nr)) return;
      c.put(", seccomp=");
      print_call(c, part, info.seccomp.nr, info.seccomp.args);
      if (part.has(info.seccomp.ret_data)) c.print(", ret_data={}", info.seccomp.ret_data);
      break;
    default: return;
  }
  c.put("}");
}

}  // namespace

void print_syscall_info(ArgContext& c) {
  if (c.wait_for_exit()) return;
  ptrace_syscall_info info{};
  const std::uint64_t size = std::min<std::uint64_t>(c.filled(c.arg(2)), sizeof info);
  const auto bytes = std::as_writable_bytes(std::span(&info, 1)).first(static_cast<std::size_t>(size));
  const PartOfInfo part{info, size};
  if (c.value() == 0 || !part.has(info.op) || c.memory().read(c.value(), bytes) != size) {
    print_address(c, c.value());
    return;
  }
  c.put("{op=");
  print_choice(c, info.op, kStops, "PTRACE_SYSCALL_INFO_???");
  if (part.has(info.arch)) {
    c.put(", arch=");
    print_choice(c, info.arch, kArchitectures, "AUDIT_ARCH_???");
  }
  if (part.has(info.instruction_pointer)) {
    c.put(", instruction_pointer=");
    print_address(c, info.instruction_pointer);
  }
  if (part.has(info.stack_pointer)) {
    c.put(", stack_pointer=");
    print_address(c, info.stack_pointer);
  }
  print_stop(c, part);
  c.put("}");
}

}  // namespace vdsotrace
