#include "engines/syscalls/stub_choice.hpp"

#include "engines/syscalls/stopping_calls.hpp"
#include "model/syscalls/pointees.hpp"
#include "model/syscalls/spec.hpp"

namespace vdsotrace {
namespace {

bool is_wanted(const Selection& selection, std::int64_t nr) {
  return selection.wants_number(Abi::x86_64, nr, true) ||
         (selection.wants_ordinary_calls() && selection.wants_number(Abi::x86_64, nr, false));
}

CallStub choose(const Needs& needs, std::int64_t nr) {
  if (needs_stop(nr)) return CallStub::none;
  if (!needs.each_call || !is_wanted(needs.selection, nr)) return CallStub::counts;
  return takes_only_numbers(nr) ? CallStub::records : CallStub::none;
}

}  // namespace

StubChoice::StubChoice(const Needs& needs) : records_(needs.each_call), stubs_(kCallNumbers) {
  for (std::size_t nr = 0; nr < stubs_.size(); ++nr) stubs_[nr] = choose(needs, static_cast<std::int64_t>(nr));
}

}  // namespace vdsotrace
