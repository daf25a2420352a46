import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { backoff, JobSocket, parseServerMessage, socketUrl } from '../src/api/socket';
import type { SocketState } from '../src/api/socket';
import type { ServerMessage } from '../src/api/types';
import { FakeWebSocket } from './fakes';

const HELLO = { type: 'hello', protocol: 'coderemote.v1', version: '0', user: 'local' };

describe('JobSocket', () => {
  let states: SocketState[];
  let messages: ServerMessage[];
  let socket: JobSocket;
  let token: string | null;
  const renew = vi.fn<() => Promise<'renewed' | 'signed-out' | 'later'>>();

  beforeEach(() => {
    vi.useFakeTimers();
    vi.stubGlobal('WebSocket', FakeWebSocket);
    vi.spyOn(Math, 'random').mockReturnValue(0.5);
    FakeWebSocket.all = [];
    states = [];
    token = null;
    renew.mockReset().mockResolvedValue('later');
    messages = [];
    socket = new JobSocket('ws://x/ws', {
      onState: (state) => states.push(state),
      onMessage: (message) => messages.push(message),
      token: () => token,
      renew: () => renew(),
    });
    socket.start();
  });

  afterEach(() => {
    socket.stop();
    vi.useRealTimers();
    vi.unstubAllGlobals();
  });

  it('is open after hello, not before', () => {
    expect(socket.send({ type: 'ping' })).toBe(false);
    FakeWebSocket.last().receive(HELLO);
    expect(states).toEqual([{ status: 'open' }]);
    expect(socket.send({ type: 'ping' })).toBe(true);
    expect(FakeWebSocket.last().sent).toEqual([{ type: 'ping' }]);
  });

  it('comes back after a loss, later each time, and soon again after a success', () => {
    FakeWebSocket.last().receive(HELLO);
    for (const [index, delay] of [500, 1000, 2000].entries()) {
      FakeWebSocket.last().lose(1006);
      expect(states.at(-1)).toMatchObject({ status: 'reconnecting', attempt: index + 1 });
      vi.advanceTimersByTime(delay - 1);
      expect(FakeWebSocket.all).toHaveLength(index + 1);
      vi.advanceTimersByTime(1);
      expect(FakeWebSocket.all).toHaveLength(index + 2);
    }
    FakeWebSocket.last().receive(HELLO);
    FakeWebSocket.last().lose(1006);
    expect(states.at(-1)).toMatchObject({ status: 'reconnecting', attempt: 1 });
  });

  it('comes back at once when the server says that it restarts', () => {
    FakeWebSocket.last().receive(HELLO);
    FakeWebSocket.last().lose(1001);
    vi.advanceTimersByTime(200);
    expect(FakeWebSocket.all).toHaveLength(2);
  });

  it('shows its token when the server greets nobody, and is open after that', () => {
    token = 't1';
    FakeWebSocket.last().receive({ ...HELLO, user: null });
    expect(states).toEqual([]);
    expect(FakeWebSocket.last().sent).toEqual([{ type: 'auth', ref: 'auth', token: 't1' }]);
    FakeWebSocket.last().receive({ ...HELLO, ref: 'auth', user: 'ada' });
    expect(states).toEqual([{ status: 'open' }]);
  });

  it('waits for a token, and shows each newer one without a new connection', () => {
    FakeWebSocket.last().receive({ ...HELLO, user: null });
    socket.authenticate();
    expect(FakeWebSocket.last().sent).toEqual([]);
    for (token of ['t1', 't2']) {
      socket.authenticate();
      FakeWebSocket.last().receive({ ...HELLO, user: 'ada' });
    }
    expect(FakeWebSocket.last().sent.map((message) => message['token'])).toEqual(['t1', 't2']);
    expect(states).toEqual([{ status: 'open' }]);
    expect(FakeWebSocket.all).toHaveLength(1);
    vi.advanceTimersByTime(20_000);
    expect(FakeWebSocket.last().sent.filter(({ type }) => type === 'ping')).toHaveLength(1);
  });

  it('asks who it is when the server begins to want somebody', async () => {
    renew.mockResolvedValue('signed-out');
    FakeWebSocket.last().receive({ ...HELLO, user: null });
    expect(renew).toHaveBeenCalledTimes(1);
    await vi.advanceTimersByTimeAsync(0);
    expect(states).toEqual([{ status: 'signed-out' }]);
  });

  it('shows the token again when the server could not verify it', () => {
    token = 't1';
    FakeWebSocket.last().receive({ ...HELLO, user: null });
    FakeWebSocket.last().receive({ type: 'error', ref: 'auth', code: 'auth_unavailable' });
    vi.advanceTimersByTime(2_000);
    expect(FakeWebSocket.last().sent).toHaveLength(2);
    expect(messages.filter(({ type }) => type === 'error')).toEqual([]);
  });

  it('connects anew when the token is of another user', () => {
    FakeWebSocket.last().receive({ ...HELLO, user: 'ada' });
    token = 'of-bob';
    socket.authenticate();
    FakeWebSocket.last().receive({ type: 'error', ref: 'auth', code: 'unauthorized' });
    expect(FakeWebSocket.all).toHaveLength(2);
    FakeWebSocket.last().receive({ ...HELLO, user: null });
    expect(FakeWebSocket.last().sent).toEqual([{ type: 'auth', ref: 'auth', token: 'of-bob' }]);
  });

  it('comes back with a newer token after 4401', async () => {
    renew.mockResolvedValue('renewed');
    FakeWebSocket.last().receive({ ...HELLO, user: 'ada' });
    FakeWebSocket.last().lose(4401);
    expect(states.at(-1)).toMatchObject({ status: 'reconnecting', expired: true });
    await vi.advanceTimersByTimeAsync(0);
    expect(FakeWebSocket.all).toHaveLength(2);
  });

  it('asks for no newer token when another tab has got one before the close came', async () => {
    token = 't1';
    FakeWebSocket.last().receive({ ...HELLO, user: null });
    FakeWebSocket.last().receive({ ...HELLO, user: 'ada' });
    token = 't2';
    socket.authenticate();
    FakeWebSocket.last().lose(4401);
    await vi.advanceTimersByTimeAsync(0);
    expect(renew).not.toHaveBeenCalled();
    FakeWebSocket.last().receive({ ...HELLO, user: null });
    expect(FakeWebSocket.last().sent.at(-1)).toMatchObject({ type: 'auth', token: 't2' });
    FakeWebSocket.last().lose(4401);
    await vi.advanceTimersByTimeAsync(0);
    expect(renew).toHaveBeenCalledTimes(1);
  });

  it('slows down when newer tokens are refused as well', async () => {
    renew.mockResolvedValue('renewed');
    FakeWebSocket.last().lose(4401);
    await vi.advanceTimersByTimeAsync(0);
    FakeWebSocket.last().lose(4401);
    await vi.advanceTimersByTimeAsync(0);
    expect(FakeWebSocket.all).toHaveLength(2);
    await vi.advanceTimersByTimeAsync(1_000);
    expect(FakeWebSocket.all).toHaveLength(3);
  });

  it('stays away while nobody is signed in, until somebody is', async () => {
    renew.mockResolvedValue('signed-out');
    FakeWebSocket.last().receive({ ...HELLO, user: 'ada' });
    FakeWebSocket.last().lose(4401);
    await vi.advanceTimersByTimeAsync(60_000);
    expect(states.at(-1)).toEqual({ status: 'signed-out' });
    expect(FakeWebSocket.all).toHaveLength(1);
    token = 't2';
    socket.authenticate();
    expect(FakeWebSocket.all).toHaveLength(2);
    expect(states.at(-1)).toEqual({ status: 'connecting' });
  });

  it('goes on trying when the server cannot renew a token now', async () => {
    renew.mockResolvedValue('later');
    FakeWebSocket.last().lose(4401);
    await vi.advanceTimersByTimeAsync(499);
    expect(FakeWebSocket.all).toHaveLength(1);
    await vi.advanceTimersByTimeAsync(1);
    expect(FakeWebSocket.all).toHaveLength(2);
  });

  it('does not come back when it is not allowed', () => {
    FakeWebSocket.last().lose(1008, 'foreign origin');
    expect(states.at(-1)).toEqual({ status: 'refused', code: 1008, reason: 'foreign origin' });
    vi.advanceTimersByTime(60_000);
    expect(FakeWebSocket.all).toHaveLength(1);
  });

  it('tries at once when asked to', () => {
    FakeWebSocket.last().lose(1006);
    socket.retryNow();
    expect(FakeWebSocket.all).toHaveLength(2);
    vi.advanceTimersByTime(5_000);
    expect(FakeWebSocket.all).toHaveLength(2);
  });

  it('gives up a connection that answers no ping', () => {
    FakeWebSocket.last().receive(HELLO);
    vi.advanceTimersByTime(20_000);
    FakeWebSocket.last().receive({ type: 'pong' });
    vi.advanceTimersByTime(20_000);
    expect(states.at(-1)).toEqual({ status: 'open' });
    vi.advanceTimersByTime(10_000);
    expect(states.at(-1)).toMatchObject({ status: 'reconnecting' });
  });

  it('gives up a connection that never says hello', () => {
    vi.advanceTimersByTime(10_000);
    expect(states.at(-1)).toMatchObject({ status: 'reconnecting' });
  });

  it('ignores a socket that it has given up', () => {
    const first = FakeWebSocket.last();
    first.lose(1006);
    first.receive(HELLO);
    expect(messages).toEqual([]);
  });

  it('ignores what is no message of the protocol', () => {
    FakeWebSocket.last().receive(HELLO);
    FakeWebSocket.last().receive({ type: 'surprise' });
    FakeWebSocket.last().receiveText('{');
    expect(messages).toEqual([HELLO]);
  });
});

describe('backoff', () => {
  it('grows to 30 s, with a fifth of jitter each way', () => {
    expect([0, 1, 6, 20].map((attempt) => backoff(attempt, 0.5))).toEqual([
      500, 1000, 30_000, 30_000,
    ]);
    expect([backoff(1, 0), backoff(1, 1)]).toEqual([800, 1200]);
  });
});

describe('parseServerMessage', () => {
  it('takes only objects with a known type', () => {
    expect(parseServerMessage('{"type":"pong"}')).toEqual({ type: 'pong' });
    for (const bad of ['', 'null', '[]', '{"type":1}', '{"typ":"pong"}', new ArrayBuffer(1)]) {
      expect(parseServerMessage(bad)).toBeNull();
    }
  });
});

describe('socketUrl', () => {
  it('stays on the host and the security of the page', () => {
    expect(socketUrl(new URL('https://a.example:444/x'))).toBe('wss://a.example:444/ws');
    expect(socketUrl(new URL('http://127.0.0.1:8080/'))).toBe('ws://127.0.0.1:8080/ws');
  });
});
