// What is mapped in one address space and can be executed: files, the vDSO, code that a runtime made.
#pragma once

#include <elfutils/libdwfl.h>

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "model/owned_elf.hpp"
#include "os/proc/proc.hpp"
#include "symbols/module_file.hpp"

namespace vdsotrace {

/// An ELF image of the space, opened.
struct Module {
  std::string name;  ///< as /proc/PID/maps has it
  std::uint64_t inode = 0;
  Dwfl_Module* dwfl = nullptr;
  std::uint64_t bias = 0;  ///< address in memory minus address in the file
  ModuleFacts facts;

  /// The bytes of code or data that the image's file has for those addresses in memory, whatever lies there now. False
  /// unless it has all of them.
  bool read(std::uint64_t address, std::span<std::byte> into) const;
};

/// A run of executable memory.
struct CodeRange {
  proc::Mapping mapping;
  const Module* module = nullptr;  ///< null: none, or not looked at yet
  bool looked_at = false;

  /// Name of the file, without what maps adds to it when it has been deleted.
  std::string file() const;
  bool is_vdso() const { return mapping.name == "[vdso]"; }
};

/// Files are opened when something is looked up in them. Not copyable: elfutils keeps pointers.
class Modules {
 public:
  Modules();
  ~Modules();
  Modules(const Modules&) = delete;
  Modules& operator=(const Modules&) = delete;

  /// Reads /proc/PID/maps again: ranges handed out before are invalid. Answers whether other files are mapped, or
  /// elsewhere; then modules are, too, and what was found out of any code.
  bool refresh(pid_t pid);
  bool known() const { return !ranges_.empty(); }

  /// The executable memory at that address; null if there is none.
  CodeRange* range_at(std::uint64_t address);
  /// The first executable memory of the file of that name, as /proc has it; null if there is none.
  CodeRange* range_of(const std::string& name);
  /// The module of a range, opened now if need be; null if it has none, or none that can be read.
  const Module* module_of(pid_t pid, CodeRange& range);

  /// libdwfl's view of the modules that have been opened; for unwinding, which asks it.
  Dwfl* dwfl() const { return dwfl_.get(); }

 private:
  struct DwflEnd {
    void operator()(Dwfl* dwfl) const { ::dwfl_end(dwfl); }
  };
  struct Image {
    UniqueFd fd;
    OwnedElf elf;
  };

  Image open(pid_t pid, const CodeRange& range);
  const Module* report(Module&& module, Image&& image, std::uint64_t end);
  bool take_files(std::vector<CodeRange>& ranges) const;
  void start_anew();

  std::unique_ptr<Dwfl, DwflEnd> dwfl_;
  std::vector<CodeRange> ranges_;  ///< sorted
  std::vector<std::unique_ptr<Module>> modules_;
  std::vector<std::vector<std::byte>> memory_images_;  ///< bytes of the vDSO, which libelf refers to
};

}  // namespace vdsotrace
