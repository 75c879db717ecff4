// What can be executed in one address space, read again when it may have changed.
#pragma once

#include <functional>

#include "symbols/modules.hpp"

namespace vdsotrace {

class MappedCode {
 public:
  /// `changed` is called when everything that was handed out before is invalid.
  explicit MappedCode(std::function<void()> changed) : changed_(std::move(changed)) {}

  /// The process has changed what is mapped.
  void outdate() { outdated_ = true; }
  /// Reads what is mapped, now or if it is outdated. Not while libdwfl's view is used.
  void refresh(pid_t pid);
  void update(pid_t pid) {
    if (outdated_) refresh(pid);
  }

  /// The executable memory at that address; null if there is none.
  CodeRange* range_at(pid_t pid, std::uint64_t address);
  /// The program's own file, as far as it is executable; null if it is not known.
  CodeRange* program_range(pid_t pid);
  /// The module that has the address; null if none has, or it cannot be read.
  const Module* module_at(pid_t pid, std::uint64_t address);
  const Module* module_of(pid_t pid, CodeRange& range) { return modules_.module_of(pid, range); }

  /// libdwfl's view of the modules that have been opened. While it is used nothing is read again.
  Dwfl* dwfl() const { return modules_.dwfl(); }
  void use(bool used) { used_ = used; }

 private:
  Modules modules_;
  std::function<void()> changed_;
  bool outdated_ = true;
  bool used_ = false;
};

}  // namespace vdsotrace
