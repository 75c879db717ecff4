// Reads by io_uring: calls that are made through shared memory, some by threads of the kernel's that run in this process.
//
//   rings [polled]   a thread of the kernel's looks for what is asked
#include <fcntl.h>
#include <linux/io_uring.h>
#include <sys/mman.h>

#include "target.h"

enum { kReads = 500, kEntries = 8, kSize = 64 };

static void *map(int ring, size_t size, off_t what) {
  void *there = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, ring, what);
  CHECK(there != MAP_FAILED);
  return there;
}
static unsigned *word(void *ring, unsigned offset) { return (unsigned *)((char *)ring + offset); }

int main(int argc, char **argv) {
  struct io_uring_params p = {0};
  const int polled = argc > 1 && strcmp(argv[1], "polled") == 0;
  if (polled) p.flags = IORING_SETUP_SQPOLL;
  const int ring = (int)syscall(SYS_io_uring_setup, kEntries, &p);
  if (ring < 0) {
    puts("not here");
    return 0;
  }
  void *asked = map(ring, p.sq_off.array + p.sq_entries * sizeof(unsigned), IORING_OFF_SQ_RING);
  void *done = map(ring, p.cq_off.cqes + p.cq_entries * sizeof(struct io_uring_cqe), IORING_OFF_CQ_RING);
  struct io_uring_sqe *entries = map(ring, p.sq_entries * sizeof *entries, IORING_OFF_SQES);
  const int zeros = open("/dev/zero", O_RDONLY);
  static char buffer[kSize];
  for (unsigned i = 0; i < kReads; ++i) {
    const unsigned at = i & *word(asked, p.sq_off.ring_mask);
    struct io_uring_sqe entry = {.opcode = IORING_OP_READ, .fd = zeros, .len = kSize, .user_data = i};
    entry.addr = (unsigned long)buffer;
    if (i % 3 == 0) entry.flags = IOSQE_ASYNC;  // by a worker
    buffer[kSize - 1] = 1;
    entries[at] = entry;
    word(asked, p.sq_off.array)[at] = at;
    __atomic_store_n(word(asked, p.sq_off.tail), i + 1, __ATOMIC_SEQ_CST);
    const unsigned flags = IORING_ENTER_GETEVENTS | (polled ? IORING_ENTER_SQ_WAKEUP : 0);
    CHECK(syscall(SYS_io_uring_enter, ring, 1, 1, flags, NULL, 0) >= 0);
    CHECK(__atomic_load_n(word(done, p.cq_off.tail), __ATOMIC_ACQUIRE) == i + 1);
    const struct io_uring_cqe *answers = (void *)word(done, p.cq_off.cqes);
    const struct io_uring_cqe *answer = &answers[i & *word(done, p.cq_off.ring_mask)];
    CHECK(answer->user_data == i && answer->res == kSize && buffer[kSize - 1] == 0);
    __atomic_store_n(word(done, p.cq_off.head), i + 1, __ATOMIC_RELEASE);
  }
  puts("as it should be");
  return 0;
}
