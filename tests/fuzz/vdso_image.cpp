// Takes hostile bytes apart as a vDSO image, and moves the code that it finds. The saved
// images are the seeds.
#include <cstdint>
#include <cstdlib>

#include "vdsotrace/vdso_image.hpp"

namespace {

using namespace vdsotrace;

void require(bool promise) {
  if (!promise) std::abort();
}

void check_sites(const VdsoImage& image, const std::vector<CodeSite>& sites) {
  std::uint32_t last = 0;
  for (const CodeSite& site : sites) {
    require(site.length > 0 && site.offset >= last);
    require(site.offset + site.length <= image.bytes().size());
    last = site.offset;
  }
}

/// As an engine does: the instructions at the entry that make room for a jump.
void relocate_entry(const VdsoImage& image, const VdsoFunction& function) {
  constexpr std::size_t kJump = 5;
  constexpr std::uint64_t kBase = 0x7fff00000000;
  std::size_t length = 0;
  for (const CodeSite& site : function.instructions) {
    if (site.offset == function.entry + length && length < kJump) length += site.length;
  }
  const auto run = image.bytes().subspan(function.entry, length);
  const auto code = relocate(image.machine(), run, kBase + function.entry, kBase - 0x10000);
  if (!code) return;
  require(code->map.back().original == run.size());
  require(code->map.back().moved + kJump == code->bytes.size());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto image = VdsoImage::parse(std::as_bytes(std::span(data, size)));
  if (!image) return 0;
  require(image->unused_from() <= size);
  for (const VdsoFunction& function : image->functions()) {
    require(!function.names.empty() && function.entry < size);
    require(image->function_at(function.entry) == &function);
    check_sites(*image, function.instructions);
    check_sites(*image, function.returns);
    check_sites(*image, function.syscalls);
    check_sites(*image, function.clock_reads);
    relocate_entry(*image, function);
    service_for(function);
  }
  return 0;
}
