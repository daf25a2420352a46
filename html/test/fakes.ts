import { isRecord } from '../src/ui/storage';
import type { Job, LanguageLimits } from '../src/api/types';
import { FALLBACK_LANGUAGE } from '../src/api/queries';

/** A WebSocket whose other end is the test. */
export class FakeWebSocket extends EventTarget {
  static readonly CONNECTING = 0;
  static readonly OPEN = 1;
  static readonly CLOSING = 2;
  static readonly CLOSED = 3;
  static all: FakeWebSocket[] = [];

  readonly url: string;
  readyState = FakeWebSocket.OPEN;
  sent: Record<string, unknown>[] = [];

  constructor(url: string) {
    super();
    this.url = url;
    FakeWebSocket.all.push(this);
  }

  static last(): FakeWebSocket {
    const socket = FakeWebSocket.all.at(-1);
    if (socket === undefined) {
      throw new Error('no WebSocket was opened');
    }
    return socket;
  }

  send(text: string): void {
    const value: unknown = JSON.parse(text);
    if (isRecord(value)) {
      this.sent.push(value);
    }
  }

  close(): void {
    this.readyState = FakeWebSocket.CLOSED;
  }

  receive(message: object): void {
    this.receiveText(JSON.stringify(message));
  }

  receiveText(data: string): void {
    this.dispatchEvent(new MessageEvent('message', { data }));
  }

  lose(code: number, reason = ''): void {
    this.readyState = FakeWebSocket.CLOSED;
    this.dispatchEvent(new CloseEvent('close', { code, reason }));
  }
}

export const LIMITS: LanguageLimits = FALLBACK_LANGUAGE.limits;

export function finishedJob(changes: Partial<Job> = {}): Job {
  return {
    job_id: 'j1',
    status: 'succeeded',
    language: 'python',
    runtime_version: '3.11.2',
    stdout: '',
    stderr: '',
    exit_code: 0,
    signal: null,
    limit: null,
    execution_time_ms: 420,
    cpu_time_ms: 120,
    memory_peak_kb: 9120,
    queue_time_ms: 1,
    truncated: false,
    attempt: 1,
    error: null,
    created_at: '2026-01-01T00:00:00.000Z',
    started_at: '2026-01-01T00:00:00.001Z',
    finished_at: '2026-01-01T00:00:00.421Z',
    ...changes,
  };
}
