#include "trace/calls/inject.hpp"

#include <utility>

#include "model/syscalls/spec.hpp"
#include "os/remote_memory.hpp"

namespace vdsotrace {
namespace {

void write_pokes(StoppedThread& stopped, std::span<const Poke> pokes, Call& call) {
  const CallSpec* spec = spec_of(call.abi, call.nr);
  for (const Poke& poke : pokes) {
    const bool has_argument = spec != nullptr && poke.argument < spec->arguments;
    if (has_argument && write_remote(stopped.tid(), call.args[poke.argument], poke.bytes))
      call.tampering.arguments = true;
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

void inject_at_entry(StoppedThread& stopped, const Injection& injection, Call& call) {
  write_pokes(stopped, injection.enter_pokes, call);
  call.tampering.delayed = injection.enter_delay_ns != 0 || injection.exit_delay_ns != 0;
}

void inject_at_exit(StoppedThread& stopped, const Injection& injection, Call& call) {
  write_pokes(stopped, injection.exit_pokes, call);
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
