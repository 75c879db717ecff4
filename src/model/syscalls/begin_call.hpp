// What every call has from its beginning, however it is observed: its number and its names.
#pragma once

#include "model/syscalls/spec.hpp"
#include "vdsotrace/call.hpp"
#include "vdsotrace/vdso_service.hpp"

namespace vdsotrace {

/// Of a new `call`, in place, as moving one costs: a system call. It has no name if the table has none for its number.
inline void begin_system_call(Call& call, Abi abi, std::int64_t nr) {
  call.abi = abi;
  call.nr = nr;
  if (const CallSpec* spec = spec_of(abi, nr)) call.name = spec->name;
}

/// The same of a call of a vDSO function; `nr` is number_of() its system call.
inline void begin_service_call(Call& call, Abi abi, std::int64_t nr, const VdsoService& service) {
  call.abi = abi;
  call.nr = nr;
  call.name = service.syscall;
  call.symbol = service.symbol;
}

}  // namespace vdsotrace
