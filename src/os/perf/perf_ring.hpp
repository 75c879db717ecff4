// The memory that the kernel writes perf records into, one ring for each processor.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "base/unique_fd.hpp"
#include "os/perf/perf_records.hpp"
#include "vdsotrace/error.hpp"

namespace vdsotrace {

/// Finds the records in the bytes of a ring. Believes nothing of what it reads: whatever head and sizes say, it stays
/// within the ring and comes to an end.
class PerfRingReader {
 public:
  explicit PerfRingReader(std::span<const std::byte> data) : data_(data) {}

  using Take = std::function<void(std::span<const std::byte> record)>;
  /// Gives out every record up to `head` and takes it as read. False if what was there could not be records: then
  /// the rest has been skipped.
  bool read(std::uint64_t head, const Take& take);
  /// How far it has read: what the kernel may overwrite.
  std::uint64_t tail() const { return tail_; }
  std::size_t size() const { return data_.size(); }

 private:
  std::span<const std::byte> at(std::uint64_t position, std::size_t size);

  std::span<const std::byte> data_;
  std::uint64_t tail_ = 0;
  std::vector<std::byte> joined_;  ///< a record that wraps around
};

/// The ring of one processor. It belongs to an event of our own that never occurs; others write into it
/// (PERF_EVENT_IOC_SET_OUTPUT), so it outlives them all.
class PerfRing {
 public:
  /// `rings`: how many there will be, which share what memory may be locked. Errors: the processor is not there, no
  /// memory may be locked, perf events are not permitted.
  static Result<PerfRing> open(int processor, std::size_t rings);
  PerfRing(PerfRing&&) noexcept;
  PerfRing& operator=(PerfRing&&) = delete;
  PerfRing(const PerfRing&) = delete;
  ~PerfRing();

  int processor() const { return processor_; }
  /// For SET_OUTPUT and poll(2): readable when it has filled to a good part.
  int descriptor() const { return owner_.get(); }
  /// Appends what was written since, a PerfGap if there was no room for more. What could not be understood counts as
  /// one lost.
  void read(std::vector<PerfRecord>& into, const PerfTimes& times);
  /// How full it is, 1 for all of it.
  double fill() const;

 private:
  PerfRing(int processor, UniqueFd owner, void* mapping, std::size_t size);

  int processor_;
  UniqueFd owner_;
  void* mapping_;
  std::size_t size_;  ///< of the mapping, the control page included
  PerfRingReader reader_;
  std::int64_t last_ns_ = 0;  ///< time of the last record of interest
};

}  // namespace vdsotrace
