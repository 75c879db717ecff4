#include "trace/calls/inject.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <utility>

#include "base/page.hpp"
#include "model/syscalls/spec.hpp"
#include "os/memory/remote_memory.hpp"

namespace vdsotrace {
namespace {

/// How many of the bytes could be written: up to a page that cannot be.
std::size_t write_as_far(pid_t tid, std::uint64_t address, std::span<const std::byte> bytes) {
  std::size_t written = 0;
  while (written < bytes.size()) {
    const std::uint64_t at = address + written;
    const auto chunk = bytes.subspan(written).first(std::min(bytes.size() - written, kPage - at % kPage));
    if (!write_remote(tid, at, chunk)) break;
    written += chunk.size();
  }
  return written;
}

/// Why not all of it could be done; empty if it could.
std::string poke_failure(const Poke& poke, unsigned arguments, std::size_t written) {
  const std::size_t number = poke.argument + 1;
  if (poke.argument >= arguments) return fmt::format("it has no argument {}", number);
  if (written == 0) return fmt::format("what argument {} points to cannot be written", number);
  if (written == poke.bytes.size()) return {};
  return fmt::format("of what argument {} points to, only {} of {} bytes could be written", number, written,
                     poke.bytes.size());
}

void write_pokes(StoppedThread& stopped, std::span<const Poke> pokes, Call& call, Reporter& reporter) {
  const CallSpec* spec = spec_of(call.abi, call.nr);
  const unsigned arguments = spec != nullptr ? spec->arguments : 0;
  for (const Poke& poke : pokes) {
    const std::size_t written =
        poke.argument < arguments ? write_as_far(stopped.tid(), call.args[poke.argument], poke.bytes) : 0;
    if (written > 0) call.tampering.arguments = true;
    const std::string failure = poke_failure(poke, arguments, written);
    if (!failure.empty())
      reporter.report(stopped.thread(), Notice{fmt::format("-e inject={}: {}", call.name, failure)});
  }
}

}  // namespace

const Injection* due_injection(const Needs& needs, Thread& thread, const Call& call, bool vdso_capable) {
  if (needs.injections == nullptr || !thread.is_reported()) return nullptr;
  const Injection* injection = needs.injections->of(call.abi, call.nr, vdso_capable);
  if (injection == nullptr) return nullptr;
  const std::uint32_t invocation = ++thread.injected.made[{call.abi, call.nr}];
  return injection->when.contains(invocation) ? injection : nullptr;
}

void inject_at_entry(StoppedThread& stopped, const Injection& injection, Call& call, Reporter& reporter) {
  write_pokes(stopped, injection.enter_pokes, call, reporter);
  call.tampering.delayed = injection.enter_delay_ns != 0 || injection.exit_delay_ns != 0;
}

void inject_at_exit(StoppedThread& stopped, const Injection& injection, Call& call, Reporter& reporter) {
  write_pokes(stopped, injection.exit_pokes, call, reporter);
}

const Injection* repeated_injection(Thread& thread, const Call& call) {
  const auto refused = std::exchange(thread.injected.refused, std::nullopt);
  const bool same = refused && refused->nr == call.nr && refused->stack_pointer == call.stack_pointer;
  return same ? refused->injection : nullptr;
}

bool replace_system_call(StoppedThread& stopped, const Injection& injection, Abi abi) {
  const auto nr = injection.instead.empty() ? -1 : number_of(abi, injection.instead);
  if (nr < 0) return refuse_system_call(stopped, injection);
  const auto* registers = stopped.registers();
  return registers != nullptr && stopped.set_registers(arch::with_call_number(*registers, nr));
}

/// The result stays as it is set here, also if the call's end is not seen.
bool refuse_system_call(StoppedThread& stopped, const Injection& injection) {
  const auto* registers = stopped.registers();
  return registers != nullptr &&
         stopped.set_registers(arch::with_result(arch::outside_call(*registers), injection.register_value()));
}

}  // namespace vdsotrace
