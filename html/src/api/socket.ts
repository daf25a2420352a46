import type { ClientMessage, ServerMessage } from './types';

/**
 * One WebSocket to /ws that comes back by itself.
 *
 * connecting    first attempt, nothing known yet
 * open          hello has arrived, messages may be sent
 * reconnecting  lost; `retryAt` is when the next attempt starts
 * refused       the server closed for good (policy, not allowed): no retry
 */
export type SocketState =
  | { status: 'connecting' }
  | { status: 'open' }
  | { status: 'reconnecting'; retryAt: number; attempt: number }
  | { status: 'refused'; code: number; reason: string };

export interface SocketHandlers {
  onState(state: SocketState): void;
  onMessage(message: ServerMessage): void;
}

const BACKOFF_MS = [500, 1_000, 2_000, 4_000, 8_000, 16_000, 30_000];
const RESTART_CLOSE_DELAY_MS = 200;
const PING_EVERY_MS = 20_000;
const PONG_WITHIN_MS = 10_000;
const CONNECT_WITHIN_MS = 10_000;
const JITTER = 0.2;

const CLOSE_GOING_AWAY = 1001;
const CLOSES_FOR_GOOD = new Set([1008, 4401, 4403]);

const KNOWN_TYPES = new Set(['hello', 'accepted', 'status', 'output', 'result', 'error', 'pong']);

/** The message, or null for anything that the protocol does not know. */
export function parseServerMessage(data: unknown): ServerMessage | null {
  if (typeof data !== 'string') {
    return null;
  }
  let value: unknown;
  try {
    value = JSON.parse(data);
  } catch {
    return null;
  }
  if (
    typeof value !== 'object' ||
    value === null ||
    !('type' in value) ||
    typeof value.type !== 'string' ||
    !KNOWN_TYPES.has(value.type)
  ) {
    return null;
  }
  return value as ServerMessage;
}

/** Delay before attempt `attempt` (0 is the first after a loss), with jitter. */
export function backoff(attempt: number, random: number): number {
  const base = BACKOFF_MS[Math.min(attempt, BACKOFF_MS.length - 1)] ?? 30_000;
  return Math.round(base * (1 - JITTER + 2 * JITTER * random));
}

export class JobSocket {
  readonly #url: string;
  readonly #handlers: SocketHandlers;
  #socket: WebSocket | null = null;
  #state: SocketState = { status: 'connecting' };
  #attempt = 0;
  #stopped = true;
  #retryTimer: ReturnType<typeof setTimeout> | undefined;
  #connectTimer: ReturnType<typeof setTimeout> | undefined;
  #pingTimer: ReturnType<typeof setInterval> | undefined;
  #pongTimer: ReturnType<typeof setTimeout> | undefined;

  constructor(url: string, handlers: SocketHandlers) {
    this.#url = url;
    this.#handlers = handlers;
  }

  get state(): SocketState {
    return this.#state;
  }

  start(): void {
    this.#stopped = false;
    this.#connect();
  }

  stop(): void {
    this.#stopped = true;
    this.#drop();
    clearTimeout(this.#retryTimer);
  }

  /** Tries again at once when a retry is pending. */
  retryNow(): void {
    if (this.#stopped || this.#state.status !== 'reconnecting') {
      return;
    }
    clearTimeout(this.#retryTimer);
    this.#connect();
  }

  /** Sends when connected; false means that nothing was sent. */
  send(message: ClientMessage): boolean {
    if (this.#state.status !== 'open' || this.#socket === null) {
      return false;
    }
    this.#socket.send(JSON.stringify(message));
    return true;
  }

  #setState(state: SocketState): void {
    this.#state = state;
    this.#handlers.onState(state);
  }

  #connect(): void {
    this.#drop();
    let socket: WebSocket;
    try {
      socket = new WebSocket(this.#url);
    } catch {
      this.#lost(0, '');
      return;
    }
    this.#socket = socket;
    socket.addEventListener('message', (event: MessageEvent<unknown>) => {
      if (socket === this.#socket) {
        this.#received(event.data);
      }
    });
    socket.addEventListener('close', (event) => {
      if (socket === this.#socket) {
        this.#lost(event.code, event.reason);
      }
    });
    this.#connectTimer = setTimeout(() => this.#lost(0, ''), CONNECT_WITHIN_MS);
  }

  #received(data: unknown): void {
    const message = parseServerMessage(data);
    clearTimeout(this.#pongTimer);
    this.#pongTimer = undefined;
    if (message === null) {
      return;
    }
    if (message.type === 'hello') {
      clearTimeout(this.#connectTimer);
      this.#attempt = 0;
      this.#setState({ status: 'open' });
      this.#pingTimer = setInterval(() => this.#ping(), PING_EVERY_MS);
    }
    this.#handlers.onMessage(message);
  }

  /** A connection can die without a close; silence after a ping shows it. */
  #ping(): void {
    this.send({ type: 'ping' });
    this.#pongTimer ??= setTimeout(() => this.#lost(0, ''), PONG_WITHIN_MS);
  }

  #lost(code: number, reason: string): void {
    this.#drop();
    if (this.#stopped) {
      return;
    }
    if (CLOSES_FOR_GOOD.has(code)) {
      this.#setState({ status: 'refused', code, reason });
      return;
    }
    const delay =
      code === CLOSE_GOING_AWAY && this.#attempt === 0
        ? RESTART_CLOSE_DELAY_MS
        : backoff(this.#attempt, Math.random());
    this.#attempt += 1;
    this.#retryTimer = setTimeout(() => this.#connect(), delay);
    this.#setState({
      status: 'reconnecting',
      retryAt: Date.now() + delay,
      attempt: this.#attempt,
    });
  }

  #drop(): void {
    clearTimeout(this.#connectTimer);
    clearTimeout(this.#pongTimer);
    clearInterval(this.#pingTimer);
    clearTimeout(this.#retryTimer);
    this.#pongTimer = undefined;
    const socket = this.#socket;
    this.#socket = null;
    if (socket !== null && socket.readyState < WebSocket.CLOSING) {
      socket.close();
    }
  }
}

/** Address of the server's /ws beside this page. */
export function socketUrl(location: Pick<Location, 'protocol' | 'host'>): string {
  const scheme = location.protocol === 'https:' ? 'wss:' : 'ws:';
  return `${scheme}//${location.host}/ws`;
}
