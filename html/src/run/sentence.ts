import type { Job, LanguageLimits, Problem } from '../api/types';
import { limitSeconds, memory, seconds } from './format';

export type Tone = 'good' | 'bad' | 'quiet';

export interface Outcome {
  /** One or two words. */
  title: string;
  /** One plain sentence, without full stop. */
  sentence: string;
  tone: Tone;
}

const SIGNALS: Readonly<Record<string, string>> = {
  SIGABRT: 'it aborted itself',
  SIGBUS: 'bad memory access',
  SIGFPE: 'arithmetic error',
  SIGILL: 'illegal instruction',
  SIGINT: 'interrupted',
  SIGKILL: 'killed',
  SIGPIPE: 'it wrote to a closed pipe',
  SIGSEGV: 'it used memory that is not its own',
  SIGSYS: 'it made a system call that is not allowed here',
  SIGTERM: 'asked to end',
  SIGXCPU: 'CPU time used up',
  SIGXFSZ: 'a file became too large',
};

function failed(job: Job, limits: LanguageLimits): string {
  if (job.limit === 'processes') {
    return `It reached the limit of ${limits.processes.default} processes`;
  }
  if (job.signal !== null) {
    const why = SIGNALS[job.signal];
    return `Ended by ${job.signal}${why === undefined ? '' : ` (${why})`}`;
  }
  return `Exited with code ${job.exit_code ?? '?'}`;
}

function timedOut(job: Job, limits: LanguageLimits): string {
  if (job.limit === 'cpu') {
    return `Stopped after ${limitSeconds(limits.cpu_ms.default)} of CPU time (CPU limit)`;
  }
  return `Stopped after ${limitSeconds(limits.timeout_ms.default)} (time limit)`;
}

function sentenceCase(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1).replace(/\.$/, '');
}

/** What to tell the user about a job in a final status. */
export function outcomeOf(job: Job, limits: LanguageLimits): Outcome {
  switch (job.status) {
    case 'succeeded':
      return { title: 'Finished', sentence: 'Exited with code 0', tone: 'good' };
    case 'failed':
      return { title: 'Failed', sentence: failed(job, limits), tone: 'bad' };
    case 'timed_out':
      return { title: 'Timed out', sentence: timedOut(job, limits), tone: 'bad' };
    case 'memory_exceeded':
      return {
        title: 'Out of memory',
        sentence: `Killed: used more than ${memory(limits.memory_mb.default * 1024).replace('.0', '')}`,
        tone: 'bad',
      };
    case 'output_exceeded':
      return {
        title: 'Too much output',
        sentence: `Stopped: printed more than ${memory(limits.output_kb.default).replace('.0', '')}`,
        tone: 'bad',
      };
    case 'cancelled':
      return {
        title: 'Stopped',
        sentence:
          job.execution_time_ms === null
            ? 'Stopped by you before it started'
            : `Stopped by you after ${seconds(job.execution_time_ms)}`,
        tone: 'quiet',
      };
    default:
      return {
        title: 'Server error',
        sentence: `${sentenceCase(job.error ?? 'the sandbox failed')}. Your program is not to blame; run it again`,
        tone: 'bad',
      };
  }
}

const REFUSED: Readonly<Record<string, string>> = {
  pool_unavailable: 'The sandboxes are starting or down',
  queue_full: 'All sandboxes are busy and the queue is full',
  too_many_jobs: 'Too many of your programs run at once',
  too_many_executions: 'You have started many programs in a short time',
  too_large: 'The program is too large',
  unauthorized: 'Your sign-in ended before the server took the program',
};

/** What to tell the user about a run that the server did not take. */
export function refusalOf(problem: Problem): Outcome {
  return {
    title: 'Not started',
    sentence: REFUSED[problem.code] ?? problem.detail.replace(/\.$/, ''),
    tone: 'bad',
  };
}
