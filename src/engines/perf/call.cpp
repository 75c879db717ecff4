#include "engines/perf/call.hpp"

#include "arch/registers.hpp"
#include "model/syscalls/begin_call.hpp"

namespace vdsotrace {

Call perf_call(const PerfSample& sample, const VdsoService& service, std::int64_t since_epoch) {
  Call call;
  begin_service_call(call, Abi::x86_64, number_of(Abi::x86_64, service.syscall), service);
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
  begin_system_call(call, arch::abi_of(machine, static_cast<std::uint64_t>(entered->nr)), entered->nr);
  call.args = entered->args;
  call.stack_pointer = arch::stack_pointer(sample.registers);
  call.start_ns = sample.time_ns + since_epoch;
  call.engine = "perf";
  return call;
}

}  // namespace vdsotrace
