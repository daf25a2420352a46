import { accessToken, askWho, renewSession } from '../auth/gate';
import { openSignIn, useAuth } from '../auth/store';
import type { AuthState } from '../auth/store';
import { deleteJob, FALLBACK_LANGUAGE, getJob } from '../api/queries';
import { JobSocket, socketUrl } from '../api/socket';
import type { Language } from '../api/types';
import { editor } from '../editor/handle';
import { flushDraft, useDraft } from '../editor/draft';
import { lastError, OutputBuffer } from '../output/buffer';
import { showTab } from '../ui/store';
import { RunController } from './controller';
import { allowedLimits, effectiveLimits, splitArgs } from './options';
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
  token: accessToken,
  renew: renewSession,
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

/** The user of the output and the job that this page shows. */
let owner: string | null = null;

/** Tells the socket who is signed in; what another user left is dropped. */
function onAuth(state: AuthState, previous: AuthState): void {
  if (state.status === 'in' && state.session !== previous.session) {
    const user = state.session?.user.id ?? null;
    if (owner !== null && user !== owner) {
      controller.forget();
    }
    owner = user;
    socket.authenticate();
  } else if (state.status === 'out' && previous.status !== 'out') {
    if (previous.status === 'in' && !state.ended) {
      // On purpose: what was printed is not for who comes next.
      controller.forget();
    }
    socket.signedOut();
  }
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
    if (state.problem !== previous.problem && state.problem?.code === 'unauthorized') {
      useAuth.setState({ offerRun: true });
    }
  });
  const unsubscribeAuth = useAuth.subscribe(onAuth);
  const unsubscribeDraft = useDraft.subscribe((state, previous) => {
    if (state.code !== previous.code && useAuth.getState().status === 'in') {
      useAuth.setState({ offerRun: false });
    }
  });
  const jobId = rememberedJob();

  window.addEventListener('online', retry);
  document.addEventListener('visibilitychange', visible);
  if (jobId !== null) {
    controller.resume(jobId, language.limits);
  }
  socket.start();
  void askWho();
  return () => {
    window.removeEventListener('online', retry);
    document.removeEventListener('visibilitychange', visible);
    unsubscribe();
    unsubscribeAuth();
    unsubscribeDraft();
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
    useDraft.getState().code.trim() !== '' &&
    splitArgs(useDraft.getState().args) !== null
  );
}

export function run(): void {
  if (useAuth.getState().status === 'out') {
    useAuth.setState({ offerRun: true });
    openSignIn();
    return;
  }
  if (!canRun()) {
    return;
  }
  const { code, input, keepOpen, language: id, args: text, limits: chosen } = useDraft.getState();
  const limits = allowedLimits(chosen, language.limits);
  const args = splitArgs(text) ?? [];
  flushDraft();
  useAuth.setState({ offerRun: false });
  editor().mark(null);
  showTab('output');
  controller.run(
    {
      code,
      language: id,
      stdin: input,
      interactive: input === '' || keepOpen,
      ...(args.length > 0 ? { args } : {}),
      ...(Object.keys(limits).length > 0 ? { limits } : {}),
    },
    effectiveLimits(limits, language.limits),
  );
}

export function stop(): void {
  if (isActive(useRun.getState().phase)) {
    controller.stop();
  }
}
