import { deleteJob, FALLBACK_LANGUAGE, getJob } from '../api/queries';
import { JobSocket, socketUrl } from '../api/socket';
import type { Language } from '../api/types';
import { editor } from '../editor/handle';
import { flushDraft, useDraft } from '../editor/draft';
import { lastError, OutputBuffer } from '../output/buffer';
import { showTab } from '../ui/store';
import { RunController } from './controller';
import { isActive, useRun } from './store';

const JOB_KEY = 'coderemote.job';

/** The one output, socket and controller of this page. */
export const output = new OutputBuffer();

function rememberJob(jobId: string | null): void {
  try {
    if (jobId === null) {
      sessionStorage.removeItem(JOB_KEY);
    } else {
      sessionStorage.setItem(JOB_KEY, jobId);
    }
  } catch {
    // Without storage a reload forgets the run; nothing else is lost.
  }
}

function rememberedJob(): string | null {
  try {
    return sessionStorage.getItem(JOB_KEY);
  } catch {
    return null;
  }
}

export const socket: JobSocket = new JobSocket(socketUrl(window.location), {
  onState: (state) => controller.onState(state),
  onMessage: (message) => controller.onMessage(message),
});

export const controller: RunController = new RunController(useRun, output, {
  send: (message) => socket.send(message),
  cancelByHttp: deleteJob,
  getJob,
  remember: rememberJob,
});

let language: Language = FALLBACK_LANGUAGE;

export function setRunLanguage(next: Language): void {
  language = next;
}

/** Connects, and takes up the job that ran before a reload. */
export function startSession(): () => void {
  const retry = (): void => socket.retryNow();
  const visible = (): void => {
    if (document.visibilityState === 'visible') {
      socket.retryNow();
    }
  };
  const unsubscribe = useRun.subscribe((state, previous) => {
    if (state.phase === 'finished' && previous.phase !== 'finished') {
      editor().mark(state.result?.status === 'failed' ? lastError(output.stderrTail) : null);
    }
  });
  const jobId = rememberedJob();

  window.addEventListener('online', retry);
  document.addEventListener('visibilitychange', visible);
  if (jobId !== null) {
    controller.resume(jobId, language.limits);
  }
  socket.start();
  return () => {
    window.removeEventListener('online', retry);
    document.removeEventListener('visibilitychange', visible);
    unsubscribe();
    socket.stop();
  };
}

/** Whether Run would do something now. */
export function canRun(): boolean {
  const { connection, retryAt, phase } = useRun.getState();
  return (
    connection.status === 'open' &&
    phase !== 'sending' &&
    Date.now() >= retryAt &&
    useDraft.getState().code.trim() !== ''
  );
}

export function run(): void {
  if (!canRun()) {
    return;
  }
  const { code, input, keepOpen, language: id } = useDraft.getState();
  flushDraft();
  editor().mark(null);
  showTab('output');
  controller.run(
    { code, language: id, stdin: input, interactive: input === '' || keepOpen },
    language.limits,
  );
}

export function stop(): void {
  if (isActive(useRun.getState().phase)) {
    controller.stop();
  }
}
