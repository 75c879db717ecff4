#include "os/perf/perf_ring.hpp"

#include <linux/perf_event.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <bit>
#include <cerrno>
#include <cstring>
#include <utility>

#include "base/clock.hpp"
#include "os/perf/perf_events.hpp"

namespace vdsotrace {
namespace {

// Powers of two, as mmap of a perf event demands. The largest that may be locked is taken, within what all processors
// together may have: at a record of some 110 bytes every ten microseconds a mebibyte lasts for a tenth of a second.
constexpr std::size_t kAllRings = 64 << 20;
constexpr std::size_t kLargestRing = 16 << 20;
constexpr std::size_t kSmallestRing = 1 << 14;
/// No record is larger: a trace point's sample with all registers has 300 bytes, to which a piece of stack may come.
constexpr std::size_t kLargestRecord = 512 + kMostSampledStack;

std::size_t page_size() { return static_cast<std::size_t>(::sysconf(_SC_PAGESIZE)); }

}  // namespace

std::span<const std::byte> PerfRingReader::at(std::uint64_t position, std::size_t size) {
  const std::size_t start = position % data_.size();
  const std::size_t first = std::min(size, data_.size() - start);
  if (first == size) return data_.subspan(start, size);
  joined_.resize(size);
  std::memcpy(joined_.data(), data_.data() + start, first);
  std::memcpy(joined_.data() + first, data_.data(), size - first);
  return joined_;
}

bool PerfRingReader::read(std::uint64_t head, const Take& take) {
  bool sound = head - tail_ <= data_.size();
  while (sound && tail_ != head) {
    const std::uint64_t left = head - tail_;
    perf_event_header header{};
    sound = left >= sizeof header;
    if (sound) std::memcpy(&header, at(tail_, sizeof header).data(), sizeof header);
    sound = sound && header.size >= sizeof header && header.size <= left;
    if (!sound) break;
    take(at(tail_, header.size));
    tail_ += header.size;
  }
  tail_ = head;
  return sound;
}

Result<PerfRing> PerfRing::open(int processor, std::size_t rings) {
  auto owner = open_ring_owner(processor);
  if (!owner) return tl::unexpected(owner.error());
  int refused = 0;
  const std::size_t share = std::bit_floor(kAllRings / std::clamp<std::size_t>(rings, 1, kAllRings));
  for (std::size_t bytes = std::clamp(share, kSmallestRing, kLargestRing); bytes >= kSmallestRing; bytes /= 2) {
    const std::size_t size = bytes + page_size();
    void* mapping = ::mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_SHARED, owner->get(), 0);
    if (mapping != MAP_FAILED) return PerfRing(processor, std::move(*owner), mapping, size);
    refused = errno;
  }
  return fail(error_text("perf ring buffer", refused), "raise kernel.perf_event_mlock_kb or the limit of locked memory",
              refused);
}

PerfRing::PerfRing(int processor, UniqueFd owner, void* mapping, std::size_t size)
    : processor_(processor),
      owner_(std::move(owner)),
      mapping_(mapping),
      size_(size),
      reader_({static_cast<const std::byte*>(mapping) + page_size(), size - page_size()}) {}

PerfRing::PerfRing(PerfRing&& other) noexcept
    : processor_(other.processor_),
      owner_(std::move(other.owner_)),
      mapping_(std::exchange(other.mapping_, nullptr)),
      size_(other.size_),
      reader_(std::move(other.reader_)),
      last_ns_(other.last_ns_) {}

PerfRing::~PerfRing() {
  if (mapping_ != nullptr) ::munmap(mapping_, size_);
}

double PerfRing::fill() const {
  auto* control = static_cast<perf_event_mmap_page*>(mapping_);
  const auto head = std::atomic_ref(control->data_head).load(std::memory_order_relaxed);
  return static_cast<double>(head - reader_.tail()) / static_cast<double>(reader_.size());
}

void PerfRing::read(std::vector<PerfRecord>& into, const PerfTimes& times) {
  auto* control = static_cast<perf_event_mmap_page*>(mapping_);
  const auto head = std::atomic_ref(control->data_head).load(std::memory_order_acquire);
  if (head == reader_.tail()) return;
  const std::uint64_t begin = reader_.tail();
  const bool sound = reader_.read(head, [&](std::span<const std::byte> bytes) {
    auto record = parse_perf_record(bytes, times);
    if (!record) return;
    last_ns_ = time_of(*record);
    into.push_back(std::move(*record));
  });
  if (!sound) into.push_back(PerfLost{monotonic_ns(), 1});
  std::atomic_ref(control->data_tail).store(head, std::memory_order_release);
  // It may have been full before, or become full while it was read.
  const auto reached = std::atomic_ref(control->data_head).load(std::memory_order_acquire);
  if (reached - begin > reader_.size() - kLargestRecord) into.push_back(PerfGap{last_ns_, monotonic_ns()});
}

}  // namespace vdsotrace
