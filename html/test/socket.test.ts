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

  beforeEach(() => {
    vi.useFakeTimers();
    vi.stubGlobal('WebSocket', FakeWebSocket);
    vi.spyOn(Math, 'random').mockReturnValue(0.5);
    FakeWebSocket.all = [];
    states = [];
    messages = [];
    socket = new JobSocket('ws://x/ws', {
      onState: (state) => states.push(state),
      onMessage: (message) => messages.push(message),
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
