import { describe, expect, it } from 'vitest';
import type { Job } from '../src/api/types';
import { clock, count, memory, seconds } from '../src/run/format';
import { outcomeOf, refusalOf } from '../src/run/sentence';
import { finishedJob, LIMITS } from './fakes';

describe('outcomeOf', () => {
  const cases: readonly (readonly [Partial<Job>, string])[] = [
    [{}, 'Exited with code 0'],
    [{ status: 'failed', exit_code: 3 }, 'Exited with code 3'],
    [
      { status: 'failed', exit_code: null, signal: 'SIGSEGV' },
      'Ended by SIGSEGV (it used memory that is not its own)',
    ],
    [{ status: 'failed', exit_code: null, signal: 'SIGWINCH' }, 'Ended by SIGWINCH'],
    [{ status: 'failed', limit: 'processes' }, 'It reached the limit of 64 processes'],
    [{ status: 'timed_out', limit: 'wall' }, 'Stopped after 10 s (time limit)'],
    [{ status: 'timed_out', limit: 'cpu' }, 'Stopped after 10 s of CPU time (CPU limit)'],
    [{ status: 'memory_exceeded', limit: 'memory' }, 'Killed: used more than 256 MB'],
    [{ status: 'output_exceeded', limit: 'output' }, 'Stopped: printed more than 1 MB'],
    [{ status: 'cancelled', execution_time_ms: 3200 }, 'Stopped by you after 3.20 s'],
    [{ status: 'cancelled', execution_time_ms: null }, 'Stopped by you before it started'],
    [
      { status: 'error', error: 'pool restarted' },
      'Pool restarted. Your program is not to blame; run it again',
    ],
  ];

  it.each(cases)('tells %j as one sentence', (changes, sentence) => {
    expect(outcomeOf(finishedJob(changes), LIMITS).sentence).toBe(sentence);
  });
});

describe('refusalOf', () => {
  it('has words of its own for what users meet, and the server’s for the rest', () => {
    expect(refusalOf({ code: 'queue_full', detail: 'x' }).sentence).toContain('the queue is full');
    expect(refusalOf({ code: 'invalid_field', detail: 'code must be a string.' }).sentence).toBe(
      'code must be a string',
    );
  });
});

describe('format', () => {
  it('writes durations, clocks, memory and counts', () => {
    expect([seconds(7), seconds(421), seconds(12_340), seconds(185_000)]).toEqual([
      '7 ms',
      '0.42 s',
      '12.3 s',
      '3 min 5 s',
    ]);
    expect([clock(0), clock(3250), clock(65_900)]).toEqual(['00:00.0', '00:03.2', '01:05.9']);
    expect([memory(512), memory(9120), memory(262_144), memory(2_097_152)]).toEqual([
      '512 KB',
      '8.9 MB',
      '256 MB',
      '2.0 GB',
    ]);
    expect([count(1, 'line'), count(12_345, 'line')]).toEqual(['1 line', '12,345 lines']);
  });
});
