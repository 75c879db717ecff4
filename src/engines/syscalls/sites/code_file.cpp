#include "engines/syscalls/sites/code_file.hpp"

#include "model/owned_elf.hpp"
#include "symbols/file_code.hpp"

namespace vdsotrace {

std::unique_ptr<CodeFile> CodeFile::read(int fd, const std::atomic<bool>& needless) {
  auto file = std::make_unique<CodeFile>();
  elf_version(EV_CURRENT);
  const OwnedElf elf(elf_begin(fd, ELF_C_READ, nullptr));
  if (elf) file->facts = module_facts(elf.get());
  if (!file->facts || needless) return file;
  const FunctionTable functions = functions_of(elf.get());
  if (needless) return file;
  for (CodeSegment& segment : code_segments_of(elf.get(), fd)) {
    const AddressRange range{segment.address, segment.address + segment.bytes.size()};
    auto sites = CallSites::open(std::move(segment.bytes), segment.address, functions);
    if (sites) file->segments.push_back({range, std::move(*sites)});
  }
  return file;
}

}  // namespace vdsotrace
