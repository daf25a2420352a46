/*
 * How long the kernel lets a process run on while another waits.
 */

#ifndef CR_SLICE_H
#define CR_SLICE_H


/*
 * Asks for the shortest slice (0.1 ms) for the calling thread and whatever it
 * will fork.  A woken process goes first where its slice ends before that of
 * whoever runs: nginx, pool and programs hand a job on in a few steps of some
 * 50 us, and each of them may otherwise wait for a tick of 4 ms behind a
 * program that computes.  It changes nobody's share of the processor.
 *
 * 0; -1 with errno where that cannot be asked for.  Linux before 6.12 takes it
 * and does nothing.
 */
int cr_slice_short(void);


#endif
