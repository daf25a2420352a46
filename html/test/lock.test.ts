import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { editCode, useDraft } from '../src/editor/draft';
import { DraftLock } from '../src/editor/lock';
import type { LockPorts } from '../src/editor/lock';

const KEY = 'coderemote.draft';

const mine = (): boolean => useDraft.getState().mine;
const settle = (ms = 0): Promise<unknown> => vi.advanceTimersByTimeAsync(ms);
const store = (code: string): void =>
  localStorage.setItem(KEY, JSON.stringify({ code, language: 'python', touched: true }));

/** One lock as browsers have it; the other tab is the test. */
class FakeLocks {
  /** Takes the lock away from the tab that has it. */
  steal: (() => void) | null = null;
  queue: (() => void)[] = [];
  held = false;

  request(options: LockOptions, held: () => Promise<void>): Promise<void> {
    return new Promise((resolve, reject) => {
      const grant = (): void => {
        this.held = true;
        this.steal = () => {
          this.steal = null;
          reject(new DOMException('stolen', 'AbortError'));
        };
        held().then(() => {
          this.held = false;
          resolve();
          this.queue.shift()?.();
        }, reject);
      };
      options.signal?.addEventListener('abort', () => {
        this.queue = this.queue.filter((waiting) => waiting !== grant);
        reject(new DOMException('aborted', 'AbortError'));
      });
      if (options.steal === true || !this.held) {
        grant();
      } else {
        this.queue.push(grant);
      }
    });
  }
}

describe('DraftLock', () => {
  let locks: FakeLocks;
  let told: string[];
  let hear: (message: 'give' | 'given') => void;
  let lock: DraftLock;

  function open(): void {
    const ports: LockPorts = {
      request: (options, held) => locks.request(options, held),
      tell: (message) => told.push(message),
      listen: (heard) => {
        hear = heard;
        return () => {};
      },
    };
    lock = new DraftLock(ports);
  }

  beforeEach(() => {
    vi.useFakeTimers();
    localStorage.clear();
    useDraft.setState({ ...useDraft.getInitialState(), code: 'here', touched: true }, true);
    locks = new FakeLocks();
    told = [];
  });

  afterEach(() => {
    lock.stop();
    vi.useRealTimers();
  });

  it('edits where no other tab does', async () => {
    open();
    await settle(10_000);
    expect(mine()).toBe(true);
    expect(told).toEqual([]);
  });

  it('gives way to a tab that edits already, and saves nothing then', async () => {
    locks.held = true;
    open();
    await settle(399);
    expect(mine()).toBe(true);
    await settle(1);
    expect(mine()).toBe(false);
    store('theirs');
    editCode('lost');
    await settle(1_000);
    expect(localStorage.getItem(KEY)).toContain('theirs');
  });

  it('edits with the last saved text when the other tab is closed', async () => {
    locks.held = true;
    open();
    await settle(400);
    store('theirs');
    locks.queue.shift()?.();
    await settle();
    expect(mine()).toBe(true);
    expect(useDraft.getState().code).toBe('theirs');
  });

  it('takes over at once when the other tab gives', async () => {
    locks.held = true;
    open();
    await settle(400);
    lock.takeOver();
    expect(told).toEqual(['give']);
    store('theirs, saved just now');
    hear('given');
    await settle();
    expect(mine()).toBe(true);
    expect(useDraft.getState().code).toBe('theirs, saved just now');
  });

  it('takes over from a tab that does not answer', async () => {
    locks.held = true;
    open();
    await settle(400);
    lock.takeOver();
    await settle(399);
    expect(mine()).toBe(false);
    await settle(1);
    expect(mine()).toBe(true);
  });

  it('saves before it gives, and waits for its turn again', async () => {
    open();
    await settle();
    editCode('typed just now');
    hear('give');
    expect(localStorage.getItem(KEY)).toContain('typed just now');
    expect(mine()).toBe(false);
    expect(told).toEqual(['given']);
    locks.steal?.();
    await settle();
    expect(locks.queue).toHaveLength(1);
    locks.queue.shift()?.();
    await settle();
    expect(mine()).toBe(true);
  });

  it('takes back what it gave to a tab that did not take it', async () => {
    open();
    await settle();
    hear('give');
    lock.takeOver();
    expect(mine()).toBe(true);
    expect(told).toEqual(['given']);
  });
});
