// The stubs of one address space: where they are, who runs in them, and where they record.
#pragma once

#include <memory>
#include <optional>

#include "engines/inline/code/installed_stubs.hpp"
#include "engines/inline/records/record_collector.hpp"
#include "engines/inline/records/thread_rings.hpp"
#include "engines/inline/region/stub_region.hpp"
#include "os/proc/mapping_query.hpp"
#include "trace/remote/remote_call.hpp"
#include "trace/reporter.hpp"

namespace vdsotrace {

/// How many run in the stubs of one space, and whether the last of them may take the memory with it.
class StubMembers {
 public:
  /// One more thread or process. False from leave(): that was the last.
  void enter() { ++count_; }
  bool leave() { return --count_ > 0; }
  bool is_last() const { return count_ == 1; }

  /// A thread could not be brought out: it will come out by itself, but its code must stay.
  void keep_mapped() { keep_mapped_ = true; }
  bool may_be_unmapped() const { return !keep_mapped_; }

 private:
  int count_ = 1;
  bool keep_mapped_ = false;
};

class StubSpace {
 public:
  /// `symbols`, where callers are to be found: the space's own.
  StubSpace(const InstalledStubs& installed, pid_t tgid, Symbols* symbols, const Reporter& reporter);
  StubSpace(const StubSpace&) = delete;
  StubSpace& operator=(const StubSpace&) = delete;

  const InstalledStubs& installed() const { return installed_; }
  pid_t tgid() const { return threads_.owners().tgid(); }
  /// Some thread of it is followed.
  bool is_reported() const { return threads_.owners().is_reported(); }

  /// Null in a fork's child until it gets its own.
  StubRegion* region() const { return region_.get(); }
  /// `tid`: of the process, by which to look for Go's code where callers are wanted.
  void set_region(std::unique_ptr<StubRegion> region, pid_t tid);
  /// How much of a region is mapped behind the code: its own, or its parent's.
  std::uint64_t mapped_bytes() const { return region_ != nullptr ? region_->bytes() : inherited_bytes_; }
  void inherit(std::uint64_t bytes) { inherited_bytes_ = bytes; }

  StubMembers& members() { return members_; }
  const StubMembers& members() const { return members_; }

  /// What is known of its threads. A thread is bound as soon as its pointer is known, and unbound at its end.
  ThreadRings& threads() { return threads_; }
  const ThreadRings& threads() const { return threads_; }
  /// So many more are about to be bound: there shall be room for all of them when there is none for one.
  void expect_threads(std::size_t threads) { expected_ = threads; }
  /// ThreadRings::add of a thread that is stopped: makes room for one more ring where there is none. `others`: whether
  /// all threads are stopped, and have been since this was first called so.
  void bind_thread(StoppedThread& stopped, RemoteCalls::Others others = RemoteCalls::Others::running);

  /// What they record. There is a region when it is collected.
  RecordCollector& records() { return records_; }
  const RecordCollector& records() const { return records_; }

 private:
  std::optional<proc::Mapping> stack_mapping(pid_t tid, const arch::Registers& registers, RemoteCalls::Others others);

  InstalledStubs installed_;
  std::unique_ptr<StubRegion> region_;
  std::uint64_t inherited_bytes_ = 0;
  StubMembers members_;
  ThreadRings threads_;
  RecordCollector records_;
  std::size_t expected_ = 0;              ///< threads
  std::optional<OpenMappings> mappings_;  ///< from when the first thread is bound whose stack is to be known
};

}  // namespace vdsotrace
