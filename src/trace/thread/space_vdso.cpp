#include "trace/thread/space_vdso.hpp"

#include <algorithm>

#include "arch/registers.hpp"
#include "model/syscalls/spec.hpp"

namespace vdsotrace {
namespace {

/// 64-bit code makes calls of either kind: x32's vDSO is that of 64-bit programs in another file
/// (arch/x86/entry/vdso/Makefile), so its fallbacks lack the bit that x32's numbers have.
bool makes_calls_of(Abi program, Abi call) { return (program == Abi::i386) == (call == Abi::i386); }

/// The system calls that the image has functions for, or those that nearly every image has.
std::vector<std::string_view> served_calls(const VdsoImage* image) {
  std::vector<std::string_view> calls;
  if (image == nullptr) {
    for (const VdsoService& service : known_services()) {
      if (service.is_classic) calls.push_back(service.syscall);
    }
    return calls;
  }
  for (const VdsoFunction& function : image->functions()) {
    if (const auto* service = service_for(function)) calls.push_back(service->syscall);
  }
  return calls;
}

}  // namespace

std::vector<std::int64_t> capable_numbers(const VdsoImage* image, Abi program) {
  std::vector<std::int64_t> numbers;
  for (const std::string_view name : served_calls(image)) {
    for (const Abi abi : kAbis) {
      const auto nr = makes_calls_of(program, abi) ? number_of(abi, name) : -1;
      if (nr >= 0 && std::ranges::find(numbers, nr) == numbers.end()) numbers.push_back(nr);
    }
  }
  return numbers;
}

Result<std::shared_ptr<const VdsoImage>> ImageCache::get(std::span<const std::byte> bytes) {
  for (const auto& image : images_) {
    if (std::ranges::equal(image->bytes(), bytes)) return image;
  }
  auto parsed = VdsoImage::parse(bytes);
  if (!parsed) return tl::unexpected(parsed.error());
  images_.push_back(std::make_shared<const VdsoImage>(std::move(*parsed)));
  return images_.back();
}

SpaceVdso::SpaceVdso(const Result<MappedVdso>& found, Abi abi, ImageCache& cache) : abi_(abi) {
  if (found) {
    static_cast<PatchedMapping&>(*this) = {found->base, found->bytes.size()};
    if (auto image = cache.get(found->bytes)) {
      image_ = *image;
      abi_ = abi_of(image_->machine()).value_or(abi);
    } else {
      unusable_ = image.error().message;
    }
  } else if (!says_none(found.error())) {
    is_known_ = false;
    unusable_ = found.error().message;
  }
  if (is_known_) capable_numbers_ = capable_numbers(image_.get(), abi_);
}

std::optional<VdsoFacts> SpaceVdso::facts() const {
  if (!is_mapped()) return std::nullopt;
  VdsoFacts facts{base(), size(), {}};
  if (image_) {
    for (const VdsoFunction& function : image_->functions()) facts.functions.emplace_back(function.name());
  }
  return facts;
}

bool SpaceVdso::serves(Abi abi, std::int64_t nr) const {
  return makes_calls_of(abi_, abi) && std::ranges::find(capable_numbers_, nr) != capable_numbers_.end();
}

const VdsoFunction* SpaceVdso::fallback_at(std::uint64_t pc) const {
  const auto offset = offset_of(pc);
  if (!image_ || !offset) return nullptr;
  for (const VdsoFunction& function : image_->functions()) {
    const bool ends_here = std::ranges::any_of(
        function.syscalls, [&](const CodeSite& site) { return site.offset + site.length == *offset; });
    if (ends_here && service_for(function) != nullptr) return &function;
  }
  return nullptr;
}

std::optional<std::uint64_t> SpaceVdso::gate_frame(std::uint64_t pc) const {
  const auto offset = offset_of(pc - 1);
  const VdsoFunction* gate = image_ && offset ? image_->function_containing(*offset) : nullptr;
  if (gate == nullptr || service_for(*gate) != nullptr) return std::nullopt;
  const auto pushes = std::ranges::count_if(gate->instructions, [&](const CodeSite& site) {
    return site.offset < *offset && arch::pushes_word(image_->bytes().subspan(site.offset, site.length));
  });
  return static_cast<std::uint64_t>(pushes) * word_size(abi_);
}

const VdsoFunction* SpaceVdso::maker_of(const VdsoFunction* fallback, std::uint64_t pc, std::uint64_t stack_pointer,
                                        Memory& memory) const {
  const auto frame = fallback != nullptr ? gate_frame(pc) : std::nullopt;
  if (!frame) return fallback;
  const auto caller = memory.object<std::uint32_t>(stack_pointer + *frame);
  const auto offset = caller ? offset_of(*caller) : std::nullopt;
  const VdsoFunction* maker = offset ? image_->function_containing(*offset) : nullptr;
  return maker != nullptr && service_for(*maker) != nullptr ? maker : nullptr;
}

std::vector<std::uint64_t> SpaceVdso::system_call_instructions() const {
  std::vector<std::uint64_t> found;
  if (!image_) return found;
  const auto code = arch::system_call_code(abi_);
  for (const VdsoFunction& function : image_->functions()) {
    for (const CodeSite& site : function.syscalls) {
      const auto bytes = image_->bytes().subspan(site.offset, site.length);
      if (bytes.size() >= code.size() && std::ranges::equal(bytes.last(code.size()), code))
        found.push_back(base() + site.offset + site.length - code.size());
    }
  }
  return found;
}

bool SpaceVdso::is_in(pid_t stopped) const {
  return !image_ || PatchedMapping::is_in(stopped, image_->bytes());  // without an image there are no patches either
}

void SpaceVdso::unmapped() {
  static_cast<PatchedMapping&>(*this) = {};
  image_.reset();
}

}  // namespace vdsotrace
