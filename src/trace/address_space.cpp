#include "trace/address_space.hpp"

#include <algorithm>

#include "arch/registers.hpp"
#include "model/syscalls/spec.hpp"
#include "os/proc.hpp"

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

std::shared_ptr<AddressSpace> AddressSpace::of(const Result<MappedVdso>& vdso, Abi abi, ImageCache& cache) {
  auto space = std::make_shared<AddressSpace>();
  space->abi_ = abi;
  if (vdso) {
    space->vdso_ = {vdso->base, vdso->bytes.size()};
    if (auto image = cache.get(vdso->bytes)) {
      space->image_ = *image;
      space->abi_ = abi_of(space->image_->machine()).value_or(abi);
    } else {
      space->unusable_ = image.error().message;
    }
  } else if (!says_none(vdso.error())) {
    space->is_known_ = false;
    space->unusable_ = vdso.error().message;
  }
  if (space->is_known_) space->capable_numbers_ = capable_numbers(space->image_.get(), space->abi_);
  return space;
}

std::optional<VdsoFacts> AddressSpace::facts() const {
  if (!has_vdso()) return std::nullopt;
  VdsoFacts facts{vdso_.base(), vdso_.size(), {}};
  if (image_) {
    for (const VdsoFunction& function : image_->functions()) facts.functions.emplace_back(function.name());
  }
  return facts;
}

const VdsoFunction* AddressSpace::fallback_at(std::uint64_t pc) const {
  if (const auto moved = engine_memory_.fallbacks.find(pc); moved != engine_memory_.fallbacks.end())
    return moved->second;
  const auto offset = offset_of(pc);
  if (!image_ || !offset) return nullptr;
  for (const VdsoFunction& function : image_->functions()) {
    const bool ends_here = std::ranges::any_of(
        function.syscalls, [&](const CodeSite& site) { return site.offset + site.length == *offset; });
    if (ends_here && service_for(function) != nullptr) return &function;
  }
  return nullptr;
}

std::optional<std::uint64_t> AddressSpace::system_call_instruction() const {
  if (call_record_) return call_record_->system_call();
  if (engine_memory_.system_call != 0) return engine_memory_.system_call;
  const auto own = own_system_call_instructions();
  return own.empty() ? std::nullopt : std::optional(own.front());
}

std::vector<std::uint64_t> AddressSpace::own_system_call_instructions() const {
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

std::optional<std::uint64_t> AddressSpace::gate_frame(std::uint64_t pc) const {
  const auto offset = offset_of(pc - 1);
  const VdsoFunction* gate = image_ && offset ? image_->function_containing(*offset) : nullptr;
  if (gate == nullptr || service_for(*gate) != nullptr) return std::nullopt;
  const auto pushes = std::ranges::count_if(gate->instructions, [&](const CodeSite& site) {
    return site.offset < *offset && arch::pushes_word(image_->bytes().subspan(site.offset, site.length));
  });
  return static_cast<std::uint64_t>(pushes) * word_size(abi_);
}

const VdsoFunction* AddressSpace::fallback_maker(std::uint64_t pc, std::uint64_t stack_pointer, Memory& memory) const {
  const VdsoFunction* function = fallback_at(pc);
  const auto frame = function != nullptr ? gate_frame(pc) : std::nullopt;
  if (!frame) return function;
  const auto caller = memory.object<std::uint32_t>(stack_pointer + *frame);
  const auto offset = caller ? offset_of(*caller) : std::nullopt;
  const VdsoFunction* maker = offset ? image_->function_containing(*offset) : nullptr;
  return maker != nullptr && service_for(*maker) != nullptr ? maker : nullptr;
}

bool AddressSpace::vdso_serves(Abi abi, std::int64_t nr) const {
  return makes_calls_of(abi_, abi) && std::ranges::find(capable_numbers_, nr) != capable_numbers_.end();
}

bool AddressSpace::is_in(pid_t stopped) const {
  return !image_ || vdso_.is_in(stopped, image_->bytes());  // without an image there are no patches either
}

void AddressSpace::vdso_unmapped() {
  vdso_ = {};
  image_.reset();
}

void find_moved_vdso(AddressSpace& space, pid_t tid) {
  const auto mapping = proc::vdso_mapping(tid);
  if (mapping && mapping->start != space.base()) space.vdso().moved_to(mapping->start);
}

}  // namespace vdsotrace
