import type { ClientMessage, ServerMessage } from './types';

/**
 * One WebSocket to /ws that comes back by itself.
 *
 * connecting    first attempt, nothing known yet
 * open          hello has arrived, messages may be sent
 * reconnecting  lost; `retryAt` is when the next attempt starts
 * refused       the server closed for good (policy, not allowed): no retry
 * signed-out    the server wants somebody and there is nobody: no retry until
 *               somebody signs in
 */
export type SocketState =
  | { status: 'connecting' }
  | { status: 'open' }
  | { status: 'reconnecting'; retryAt: number; attempt: number; expired?: boolean }
  | { status: 'refused'; code: number; reason: string }
  | { status: 'signed-out' };

export interface SocketHandlers {
  onState(state: SocketState): void;
  onMessage(message: ServerMessage): void;
  /** The access token, null without one. */
  token(): string | null;
  /** Gets a token, or a newer one, when the server wants that. */
  renew(): Promise<'renewed' | 'signed-out' | 'later'>;
}

const BACKOFF_MS = [500, 1_000, 2_000, 4_000, 8_000, 16_000, 30_000];
const RESTART_CLOSE_DELAY_MS = 200;
const PING_EVERY_MS = 20_000;
const PONG_WITHIN_MS = 10_000;
const CONNECT_WITHIN_MS = 10_000;
const JITTER = 0.2;

const CLOSE_GOING_AWAY = 1001;
const CLOSE_UNAUTHENTICATED = 4401;
const CLOSES_FOR_GOOD = new Set([1008, 4403]);

const AUTH_REF = 'auth';
const AUTH_RETRY_MS = 2_000;

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

/**
 * A server that wants people to sign in says hello to nobody at first; then a
 * message brings the token, and another one each newer token. It closes with
 * 4401 when a token has ended: that asks for a newer one and comes back.
 */
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
  #authTimer: ReturnType<typeof setTimeout> | undefined;
  /** The server has said hello, to somebody or to nobody. */
  #greeted = false;
  /** The token that was sent last, and the one that the server has taken. */
  #sent: string | null = null;
  #taken: string | null = null;
  /** Counts connections, so that late answers find out that they are late. */
  #epoch = 0;

  constructor(url: string, handlers: SocketHandlers) {
    this.#url = url;
    this.#handlers = handlers;
  }

  get state(): SocketState {
    return this.#state;
  }

  start(): void {
    this.#stopped = false;
    this.#state = { status: 'connecting' };
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

  /** There is a token, or a newer one: tells the server. */
  authenticate(): void {
    if (this.#stopped) {
      return;
    }
    if (this.#state.status === 'signed-out') {
      this.#attempt = 0;
      this.#setState({ status: 'connecting' });
      this.#connect();
      return;
    }
    const token = this.#handlers.token();
    if (this.#greeted && token !== null) {
      this.#sent = token;
      this.#socket?.send(JSON.stringify({ type: 'auth', ref: AUTH_REF, token }));
    }
  }

  /** Nobody is signed in: no connection until somebody is. */
  signedOut(): void {
    if (!this.#stopped) {
      this.#drop();
      this.#setState({ status: 'signed-out' });
    }
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
      this.#hello(message.user);
      this.#handlers.onMessage(message);
    } else if (message.type === 'error' && message.ref === AUTH_REF) {
      this.#notAuthenticated(message.code);
    } else {
      this.#handlers.onMessage(message);
    }
  }

  #hello(user: string | null): void {
    clearTimeout(this.#connectTimer);
    this.#greeted = true;
    if (user === null) {
      if (this.#handlers.token() === null) {
        this.#ask();
      } else {
        this.authenticate();
      }
      return;
    }
    this.#taken = this.#sent;
    if (this.#state.status !== 'open') {
      this.#attempt = 0;
      this.#pingTimer = setInterval(() => this.#ping(), PING_EVERY_MS);
      this.#setState({ status: 'open' });
    }
  }

  /** Who it is comes by `authenticate`; that it is nobody, by the answer. */
  #ask(): void {
    const epoch = this.#epoch;
    this.#handlers
      .renew()
      .then((outcome) => {
        if (epoch === this.#epoch && outcome === 'signed-out') {
          this.signedOut();
        }
      })
      .catch(() => {
        // The server closes with 4401 then, which asks again.
      });
  }

  /** The connection stays what it was: nobody's, or of the token before. */
  #notAuthenticated(code: string): void {
    if (code === 'auth_unavailable') {
      this.#authTimer = setTimeout(() => this.authenticate(), AUTH_RETRY_MS);
    } else if (this.#state.status === 'open') {
      // It is another user's.
      this.#setState({ status: 'connecting' });
      this.#connect();
    }
  }

  /**
   * The token has ended: comes back with a newer one. `taken` is the one that
   * the server had; where another tab has got a newer one meanwhile, none is
   * asked for.
   */
  #expired(taken: string | null): void {
    const attempt = this.#attempt;
    const epoch = this.#epoch;
    this.#attempt += 1;
    this.#setState({
      status: 'reconnecting',
      retryAt: Date.now(),
      attempt: this.#attempt,
      expired: true,
    });
    const newer = attempt === 0 && taken !== null && this.#handlers.token() !== taken;
    const renewal = newer ? Promise.resolve('renewed' as const) : this.#handlers.renew();
    renewal
      .then((outcome) => {
        if (epoch !== this.#epoch || this.#stopped) {
          return;
        }
        if (outcome === 'signed-out') {
          this.signedOut();
        } else if (outcome === 'renewed' && attempt === 0) {
          this.#connect();
        } else {
          this.#retryIn(backoff(attempt, Math.random()));
        }
      })
      .catch(() => this.#retryIn(backoff(attempt, Math.random())));
  }

  /** A connection can die without a close; silence after a ping shows it. */
  #ping(): void {
    this.send({ type: 'ping' });
    this.#pongTimer ??= setTimeout(() => this.#lost(0, ''), PONG_WITHIN_MS);
  }

  #lost(code: number, reason: string): void {
    const taken = this.#taken;
    this.#drop();
    if (this.#stopped) {
      return;
    }
    if (code === CLOSE_UNAUTHENTICATED) {
      this.#expired(taken);
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
    this.#retryIn(delay);
  }

  #retryIn(delay: number): void {
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
    clearTimeout(this.#authTimer);
    this.#pongTimer = undefined;
    this.#greeted = false;
    this.#sent = null;
    this.#taken = null;
    this.#epoch += 1;
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
