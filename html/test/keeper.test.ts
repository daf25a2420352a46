import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { ApiError } from '../src/api/http';
import { leadOf, SessionKeeper } from '../src/auth/keeper';
import type { KeeperPorts, TabMessage } from '../src/auth/keeper';
import { useAuth } from '../src/auth/store';

const ADA = { id: 'u1', email: 'ada@example.com', groups: [] };
const START = 1_000_000;

const token = (): string | null => useAuth.getState().session?.token ?? null;

/** What all tabs of one browser share. */
class Browser {
  stamp: number | null = null;
  queue: Promise<unknown> = Promise.resolve();
  listeners: ((message: TabMessage) => void)[] = [];
}

function refusal(status: number, code: string, retryAfter: number | null = null): ApiError {
  return new ApiError(status, { code, detail: code }, retryAfter);
}

describe('SessionKeeper', () => {
  const post = vi.fn<KeeperPorts['post']>();
  const me = vi.fn<KeeperPorts['me']>();
  let browser: Browser;
  let told: TabMessage[];
  let keeper: SessionKeeper;
  let count: number;
  let others: boolean;

  /** The other tab is the test: it hears `told` and speaks by `hear`. */
  const hear = (message: TabMessage): void => browser.listeners.forEach((fn) => fn(message));
  const refreshes = (): number =>
    post.mock.calls.filter(([path]) => path === '/auth/refresh').length;

  function wire(): object {
    count += 1;
    return { access_token: `t${count}`, expires_in: 300, user: ADA };
  }

  beforeEach(() => {
    vi.useFakeTimers({ now: START });
    useAuth.setState({ ...useAuth.getInitialState(), login: true }, true);
    browser = new Browser();
    told = [];
    count = 0;
    others = true;
    post.mockReset().mockImplementation(() => Promise.resolve(wire()));
    me.mockReset();
    keeper = new SessionKeeper({
      post,
      me,
      tell: (message) => told.push(message),
      listen: (heard) => browser.listeners.push(heard),
      alone: (task) => {
        const next = browser.queue.then(task);
        browser.queue = next.catch(() => undefined);
        return next;
      },
      others: () => Promise.resolve(others),
      stamp: () => browser.stamp,
      setStamp: (at) => {
        browser.stamp = at;
      },
      random: () => 0,
    });
  });

  afterEach(() => {
    vi.useRealTimers();
  });

  it('takes up the session of the cookie at the start', async () => {
    expect(await keeper.resume()).toBe('renewed');
    expect(useAuth.getState()).toMatchObject({ status: 'in', session: { token: 't1', user: ADA } });
  });

  it('is signed out, and not "ended", when there is no cookie', async () => {
    post.mockRejectedValue(refusal(401, 'no_session'));
    expect(await keeper.resume()).toBe('signed-out');
    expect(useAuth.getState()).toMatchObject({ status: 'out', ended: false, session: null });
    expect(told).toEqual([]);
  });

  it('renews a minute before the end, once, and tells the other tabs', async () => {
    await keeper.resume();
    await vi.advanceTimersByTimeAsync(239_999);
    expect(refreshes()).toBe(1);
    await vi.advanceTimersByTimeAsync(1);
    expect(refreshes()).toBe(2);
    expect(token()).toBe('t2');
    expect(told.at(-1)).toMatchObject({ type: 'session', session: { token: 't2' } });
  });

  it('renews short tokens a fifth of their life before the end', () => {
    expect([leadOf(10_000), leadOf(300_000), leadOf(86_400_000)]).toEqual([2_000, 60_000, 60_000]);
  });

  it('renews when the machine has slept over it', async () => {
    await keeper.resume();
    vi.setSystemTime(START + 400_000);
    keeper.look();
    await vi.advanceTimersByTimeAsync(0);
    expect(token()).toBe('t2');
  });

  it('shares one request among calls at the same time', async () => {
    const outcomes = await Promise.all([keeper.renew(), keeper.renew(), keeper.renew()]);
    expect(outcomes).toEqual(['renewed', 'renewed', 'renewed']);
    expect(refreshes()).toBe(1);
  });

  it('takes what another tab got while it waited, and asks the server nothing', async () => {
    await keeper.resume();
    const session = { token: 'other', user: ADA, expiresAt: START + 900_000 };
    browser.queue = new Promise<void>((resolve) => {
      setTimeout(() => {
        browser.stamp = START + 10;
        hear({ type: 'session', session, at: START + 10 });
        resolve();
      }, 10);
    });
    const renewal = keeper.renew();
    await vi.advanceTimersByTimeAsync(10);
    expect(await renewal).toBe('renewed');
    expect(token()).toBe('other');
    expect(refreshes()).toBe(1);
  });

  it('asks other tabs first when one of them has a newer token', async () => {
    browser.stamp = START - 5_000;
    const renewal = keeper.resume();
    await vi.advanceTimersByTimeAsync(0);
    expect(told).toEqual([{ type: 'ask' }]);
    const session = { token: 'other', user: ADA, expiresAt: START + 200_000 };
    hear({ type: 'session', session, at: START - 5_000 });
    expect(await renewal).toBe('renewed');
    expect(token()).toBe('other');
    expect(post).not.toHaveBeenCalled();
  });

  it('asks the server when no tab answers', async () => {
    browser.stamp = START - 5_000;
    const renewal = keeper.resume();
    await vi.advanceTimersByTimeAsync(2_000);
    expect(await renewal).toBe('renewed');
    expect(token()).toBe('t1');
  });

  it('asks no other tab where there is none', async () => {
    browser.stamp = START - 5_000;
    others = false;
    expect(await keeper.resume()).toBe('renewed');
    expect(told.map(({ type }) => type)).toEqual(['session']);
  });

  it('answers other tabs while its token is good', async () => {
    hear({ type: 'ask' });
    expect(told).toEqual([]);
    await keeper.resume();
    told = [];
    hear({ type: 'ask' });
    expect(told).toMatchObject([{ type: 'session', session: { token: 't1' }, at: START }]);
  });

  it('drops tokens of other tabs that are older or over', async () => {
    await keeper.resume();
    const session = { token: 'old', user: ADA, expiresAt: START + 900_000 };
    hear({ type: 'session', session, at: START - 1 });
    hear({ type: 'session', session: { ...session, expiresAt: START - 1 }, at: START + 1 });
    expect(token()).toBe('t1');
  });

  it('ends no session because the server is down, and waits as long as it says', async () => {
    await keeper.resume();
    post.mockRejectedValueOnce(refusal(503, 'auth_unavailable', 7));
    post.mockRejectedValueOnce(refusal(0, 'unreachable'));
    await vi.advanceTimersByTimeAsync(240_000);
    expect(useAuth.getState().status).toBe('in');
    await vi.advanceTimersByTimeAsync(6_999);
    expect(refreshes()).toBe(2);
    await vi.advanceTimersByTimeAsync(1);
    expect(refreshes()).toBe(3);
    await vi.advanceTimersByTimeAsync(4_000);
    expect(token()).toBe('t2');
  });

  it('shows the way in while the server cannot renew at the start, and goes on trying', async () => {
    post.mockRejectedValueOnce(refusal(503, 'auth_unavailable'));
    expect(await keeper.resume()).toBe('later');
    expect(useAuth.getState()).toMatchObject({ status: 'out', ended: false });
    await vi.advanceTimersByTimeAsync(2_000);
    expect(useAuth.getState()).toMatchObject({ status: 'in', session: { token: 't1' } });
  });

  it('says that a session has ended when the server refuses to renew it', async () => {
    await keeper.resume();
    post.mockRejectedValue(refusal(401, 'no_session'));
    expect(await keeper.renew()).toBe('signed-out');
    expect(useAuth.getState()).toMatchObject({ status: 'out', ended: true, session: null });
    expect(told.at(-1)).toEqual({ type: 'over', ended: true });
    await vi.advanceTimersByTimeAsync(600_000);
    expect(refreshes()).toBe(2);
  });

  it('signs out here and in the other tabs', async () => {
    await keeper.resume();
    post.mockResolvedValue(undefined);
    await keeper.signOut(true);
    expect(post).toHaveBeenLastCalledWith('/auth/logout', { everywhere: true }, 't1');
    expect(useAuth.getState()).toMatchObject({ status: 'out', ended: false });
    expect(told.at(-1)).toEqual({ type: 'over', ended: false });
    expect(browser.stamp).toBeNull();
  });

  it('stays signed in when the sign-out does not reach the server', async () => {
    await keeper.resume();
    post.mockRejectedValue(refusal(0, 'unreachable'));
    await expect(keeper.signOut(false)).rejects.toThrow('unreachable');
    expect(useAuth.getState().status).toBe('in');
  });

  it('is signed out when another tab signs out', async () => {
    await keeper.resume();
    hear({ type: 'over', ended: false });
    expect(useAuth.getState()).toMatchObject({ status: 'out', ended: false });
  });

  it('takes a token of elsewhere until its end, without asking for a newer one', async () => {
    useAuth.setState({ login: false });
    me.mockResolvedValue({ user: ADA, expires_at: new Date(START + 10_000).toISOString() });
    await keeper.useToken('brought');
    expect(me).toHaveBeenCalledWith('brought');
    expect(token()).toBe('brought');
    await vi.advanceTimersByTimeAsync(10_000);
    expect(useAuth.getState()).toMatchObject({ status: 'out', ended: true });
    expect(post).not.toHaveBeenCalled();
  });

  it('asks again who it is where a cookie says so', async () => {
    me.mockResolvedValue({ user: ADA, expires_at: new Date(START + 20_000).toISOString() });
    keeper.byCookie(ADA, new Date(START + 10_000).toISOString());
    await vi.advanceTimersByTimeAsync(10_000);
    expect(me).toHaveBeenCalledWith(null);
    expect(useAuth.getState().session).toMatchObject({ token: null, expiresAt: START + 20_000 });
    expect(told).toEqual([]);
  });
});
