"""As clock.c, by time.clock_gettime of the thread's processor time, without what a call of another built-in function takes."""
import sys
import time


def batch(count, call, argument):
    start = time.perf_counter_ns()
    for _ in range(count):
        call(argument)
    return time.perf_counter_ns() - start


def median(count, call, argument):
    return sorted(batch(count // 50, call, argument) for _ in range(50))[25] * 50


count = int(sys.argv[1])
print(median(count, time.clock_gettime, time.CLOCK_THREAD_CPUTIME_ID) - median(count, abs, 3.0))
