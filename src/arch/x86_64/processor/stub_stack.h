/* Of a signal frame, 440 bytes of struct rt_sigframe, 512 of registers and a red zone of 128 are the least
 * (arch/x86/kernel/signal_64.c). */
#pragma once

#define DEEPEST 512
