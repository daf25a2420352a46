import { create } from 'zustand';
import type { SocketState } from '../api/socket';
import type { Job, LanguageLimits, Problem } from '../api/types';

/**
 * idle      nothing ran yet
 * sending   the request is out, the server has not answered
 * queued    the server has the job
 * running   it runs
 * finished  `result` says how it ended
 * refused   `problem` says why it did not start, or was lost
 */
export type RunPhase = 'idle' | 'sending' | 'queued' | 'running' | 'finished' | 'refused';

export interface RunState {
  phase: RunPhase;
  jobId: string | null;
  /** Date.now() of the start of the phase that the clock shows. */
  clockFrom: number;
  stopping: boolean;
  stdinOpen: boolean;
  result: Job | null;
  problem: Problem | null;
  /** Date.now() before which another try makes no sense. */
  retryAt: number;
  /** Limits of the language that ran. */
  limits: LanguageLimits | null;
  connection: SocketState;
}

export const useRun = create<RunState>()(() => ({
  phase: 'idle',
  jobId: null,
  clockFrom: 0,
  stopping: false,
  stdinOpen: false,
  result: null,
  problem: null,
  retryAt: 0,
  limits: null,
  connection: { status: 'connecting' },
}));

export function isActive(phase: RunPhase): boolean {
  return phase === 'sending' || phase === 'queued' || phase === 'running';
}
