#include "engines/perf/call.hpp"

#include "arch/registers.hpp"
#include "model/syscalls/spec.hpp"

namespace vdsotrace {

Call perf_call(const PerfSample& sample, const VdsoService& service, std::int64_t since_epoch) {
  Call call;
  call.abi = Abi::x86_64;
  call.nr = number_of(call.abi, service.syscall);
  call.name = service.syscall;
  call.symbol = service.symbol;
  call.args = arch::function_arguments(sample.registers);
  call.stack_pointer = arch::stack_pointer(sample.registers);
  call.start_ns = sample.time_ns + since_epoch;
  call.engine = "perf";
  return call;
}

std::optional<Call> perf_system_call(const PerfSample& sample, std::int64_t since_epoch) {
  const auto entered = parse_system_call_entered(sample.raw);
  if (!entered) return std::nullopt;
  Call call;
  const std::uint32_t machine = arch::audit_machine(sample.is_64_bit ? Abi::x86_64 : Abi::i386);
  call.abi = arch::abi_of(machine, static_cast<std::uint64_t>(entered->nr));
  call.nr = entered->nr;
  if (const CallSpec* spec = spec_of(call.abi, call.nr)) call.name = spec->name;
  call.args = entered->args;
  call.stack_pointer = arch::stack_pointer(sample.registers);
  call.start_ns = sample.time_ns + since_epoch;
  call.engine = "perf";
  return call;
}

}  // namespace vdsotrace
