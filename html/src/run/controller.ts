import type { StoreApi } from 'zustand';
import type { SocketState } from '../api/socket';
import type {
  ClientMessage,
  ErrorMessage,
  ExecuteRequest,
  Job,
  LanguageLimits,
  OutputMessage,
  ResultMessage,
  ServerMessage,
  StatusMessage,
} from '../api/types';
import type { OutputBuffer } from '../output/buffer';
import { isActive } from './store';
import type { RunState } from './store';

const DEFAULT_RETRY_S: Readonly<Record<string, number>> = {
  queue_full: 2,
  pool_unavailable: 1,
  too_many_jobs: 2,
  too_many_executions: 6,
};

/** What the controller needs from the outside; replaced in tests. */
export interface Ports {
  send(message: ClientMessage): boolean;
  /** Cancels over HTTP, for when the socket is down. */
  cancelByHttp(jobId: string): Promise<void>;
  getJob(jobId: string): Promise<Job>;
  /** Remembers the running job over a reload of the page. */
  remember(jobId: string | null): void;
}

const encoder = new TextEncoder();

function fromBase64(data: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(atob(data), (char) => char.charCodeAt(0));
}

function problemOf(message: ErrorMessage): { code: string; detail: string } {
  return { code: message.code, detail: message.detail };
}

/**
 * Runs one job at a time and keeps the output in step with the server: every
 * chunk carries the offset of its first byte, so after a reconnect the job is
 * subscribed from the first byte that is missing, bytes that come twice are
 * dropped, and a gap is shown and not hidden.
 */
export class RunController {
  readonly #store: StoreApi<RunState>;
  readonly #buffer: OutputBuffer;
  readonly #ports: Ports;
  #ref: string | null = null;
  #refCount = 0;
  /** Offset of the next byte of output that has not been shown. */
  #next = 0;
  /** The run of the job that #next counts in; 0: not known yet. */
  #attempt = 1;
  /** Set between a reload and the first sign of the job of before. */
  #resuming = false;

  constructor(store: StoreApi<RunState>, buffer: OutputBuffer, ports: Ports) {
    this.#store = store;
    this.#buffer = buffer;
    this.#ports = ports;
  }

  /** Starts a job; one that still runs is stopped first. */
  run(request: ExecuteRequest, limits: LanguageLimits): boolean {
    const { phase, jobId } = this.#store.getState();
    if (isActive(phase) && jobId !== null) {
      this.#ports.send({ type: 'unsubscribe', job_id: jobId });
      this.#ports.send({ type: 'cancel', job_id: jobId });
    }
    this.#refCount += 1;
    this.#ref = `run-${this.#refCount}`;
    if (!this.#ports.send({ type: 'execute', ref: this.#ref, ...request })) {
      return false;
    }
    this.#next = 0;
    this.#attempt = 1;
    this.#resuming = false;
    this.#buffer.clear();
    this.#store.setState({
      phase: 'sending',
      jobId: null,
      clockFrom: Date.now(),
      stopping: false,
      stdinOpen: request.interactive ?? true,
      result: null,
      problem: null,
      retryAt: 0,
      limits,
    });
    return true;
  }

  /** Takes up a job that ran when the page was left. */
  resume(jobId: string, limits: LanguageLimits): void {
    this.#resuming = true;
    this.#next = 0;
    this.#attempt = 0;
    this.#store.setState({
      phase: 'queued',
      jobId,
      clockFrom: Date.now(),
      stdinOpen: true,
      limits,
    });
    this.#subscribe(jobId);
  }

  stop(): void {
    const { phase, jobId } = this.#store.getState();
    if (!isActive(phase)) {
      return;
    }
    this.#store.setState({ stopping: true });
    if (jobId !== null) {
      this.#cancel(jobId);
    }
  }

  /** Lets go of whatever ran or is shown: it was another user's. */
  forget(): void {
    this.#ref = null;
    this.#ports.remember(null);
    this.#buffer.clear();
    this.#store.setState({
      phase: 'idle',
      jobId: null,
      stopping: false,
      stdinOpen: false,
      result: null,
      problem: null,
      retryAt: 0,
    });
  }

  interrupt(): void {
    const { jobId } = this.#store.getState();
    if (jobId !== null) {
      this.#ports.send({ type: 'signal', job_id: jobId, signal: 'SIGINT' });
    }
  }

  /** Sends text to the program; false when it could not be sent. */
  stdin(data: string): boolean {
    const { jobId, stdinOpen } = this.#store.getState();
    if (jobId === null || !stdinOpen || !this.#ports.send({ type: 'stdin', job_id: jobId, data })) {
      return false;
    }
    this.#buffer.echo(data);
    return true;
  }

  eof(): void {
    const { jobId } = this.#store.getState();
    if (jobId !== null && this.#ports.send({ type: 'eof', job_id: jobId })) {
      this.#store.setState({ stdinOpen: false });
    }
  }

  onState(connection: SocketState): void {
    const { phase, jobId } = this.#store.getState();
    this.#store.setState({ connection });
    if (phase === 'sending' && connection.status !== 'open') {
      if (connection.status === 'reconnecting' && connection.expired === true) {
        this.#refuse('unauthorized', 'Your sign-in ended before the server took the program');
      } else {
        this.#refuse('connection_lost', 'The connection broke before the server took the program');
      }
    }
    if (connection.status === 'open' && jobId !== null && isActive(phase)) {
      this.#subscribe(jobId);
      if (this.#store.getState().stopping) {
        this.#cancel(jobId);
      }
    }
  }

  onMessage(message: ServerMessage): void {
    switch (message.type) {
      case 'accepted':
        this.#accepted(message.ref, message.job_id);
        break;
      case 'error':
        this.#failed(message);
        break;
      case 'status':
        if (this.#isMine(message.job_id)) {
          this.#status(message);
        }
        break;
      case 'output':
        if (this.#isMine(message.job_id)) {
          this.#output(message);
        }
        break;
      case 'result':
        if (this.#isMine(message.job_id)) {
          this.#finished(message);
        }
        break;
      default:
        break;
    }
  }

  #isMine(jobId: string): boolean {
    const state = this.#store.getState();
    return state.jobId === jobId && isActive(state.phase);
  }

  #subscribe(jobId: string): void {
    const since = this.#attempt === 0 ? {} : { attempt: this.#attempt };
    this.#ports.send({ type: 'subscribe', job_id: jobId, offset: this.#next, ...since });
  }

  #cancel(jobId: string): void {
    if (!this.#ports.send({ type: 'cancel', job_id: jobId })) {
      this.#ports.cancelByHttp(jobId).catch(() => {
        // Not reachable either: it is cancelled when the socket is back.
      });
    }
  }

  #accepted(ref: string, jobId: string): void {
    if (ref !== this.#ref) {
      // A run that was replaced before the server answered.
      this.#ports.send({ type: 'cancel', job_id: jobId });
      return;
    }
    this.#store.setState({ phase: 'queued', jobId });
    this.#ports.remember(jobId);
    if (this.#store.getState().stopping) {
      this.#cancel(jobId);
    }
  }

  #failed(message: ErrorMessage): void {
    const { phase, jobId, stopping } = this.#store.getState();
    const refused = phase === 'sending' && message.ref === this.#ref;
    const lost = message.job_id !== undefined && message.job_id === jobId && isActive(phase);

    if (refused) {
      const wait = message.retry_after ?? DEFAULT_RETRY_S[message.code] ?? 0;
      this.#refuse(message.code, message.detail, Date.now() + wait * 1000);
    } else if (lost && message.code === 'not_found') {
      if (this.#resuming) {
        this.#ports.remember(null);
        this.#store.setState({ phase: 'idle', jobId: null });
      } else {
        this.#refuse('lost', 'The server was restarted and no longer knows this run');
      }
    } else if (lost && !stopping && message.code !== 'job_finished') {
      const { code, detail } = problemOf(message);
      this.#buffer.note(`${detail} (${code})`);
    }
  }

  #refuse(code: string, detail: string, retryAt = 0): void {
    this.#ports.remember(null);
    this.#store.setState({
      phase: 'refused',
      problem: { code, detail },
      retryAt,
      stopping: false,
      stdinOpen: false,
    });
  }

  #status(message: StatusMessage): void {
    const attempt = message.attempt ?? 1;

    if (this.#attempt !== 0 && attempt > this.#attempt) {
      this.#next = 0;
      this.#buffer.clear();
      this.#buffer.note('The server lost its sandbox and started the program again');
      this.#store.setState({ phase: 'queued', clockFrom: Date.now() });
    }
    this.#attempt = attempt;
    if (message.status === 'running' && this.#store.getState().phase !== 'running') {
      this.#store.setState({ phase: 'running', clockFrom: Date.now() });
      if (this.#resuming) {
        this.#adjustClock(message.job_id);
      }
    }
    this.#resuming = false;
  }

  /** After a reload the page does not know when the program started. */
  #adjustClock(jobId: string): void {
    this.#ports
      .getJob(jobId)
      .then((job) => {
        const started = job.started_at === null ? NaN : Date.parse(job.started_at);
        if (started < Date.now() && this.#isMine(jobId)) {
          this.#store.setState({ clockFrom: started });
        }
      })
      .catch(() => {
        // The clock then counts from the reload.
      });
  }

  #output(message: OutputMessage): void {
    const bytes =
      message.encoding === 'base64' ? fromBase64(message.data) : encoder.encode(message.data);
    const known = this.#next - message.offset;

    if (known >= bytes.length) {
      return;
    }
    if (known < 0) {
      this.#buffer.note(`${-known} bytes of output are missing here`);
    }
    this.#next = message.offset + bytes.length;
    if (known > 0) {
      this.#buffer.appendBytes(message.stream, bytes.slice(known));
    } else if (message.encoding === 'base64') {
      this.#buffer.appendBytes(message.stream, bytes);
    } else {
      this.#buffer.append(message.stream, message.data);
    }
  }

  #finished(message: ResultMessage): void {
    this.#ports.remember(null);
    this.#store.setState({
      phase: 'finished',
      result: message,
      stopping: false,
      stdinOpen: false,
    });
  }
}
