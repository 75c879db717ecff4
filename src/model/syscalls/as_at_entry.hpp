// Printing at the end of a call what it was given at its beginning.
#pragma once

#include "model/syscalls/context.hpp"

namespace vdsotrace {

/// While it lives the context reads memory as it was when the call began, whether
/// or not the call failed. For kinds that are known at entry but stand behind one
/// that is not, and for arguments that the call overwrites.
class AsAtEntry {
 public:
  explicit AsAtEntry(ArgContext& c) : context_(c), exiting_(c.exiting()) { context_.set_exiting(false); }
  ~AsAtEntry() { context_.set_exiting(exiting_); }
  AsAtEntry(const AsAtEntry&) = delete;
  AsAtEntry& operator=(const AsAtEntry&) = delete;

 private:
  ArgContext& context_;
  bool exiting_;
};

}  // namespace vdsotrace
