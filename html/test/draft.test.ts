import { beforeEach, describe, expect, it, vi } from 'vitest';

type Draft = typeof import('../src/editor/draft');

const KEY = 'coderemote.draft';

/** The module anew, as after a reload. */
async function load(): Promise<Draft> {
  vi.resetModules();
  return import('../src/editor/draft');
}

function stored(): { code?: string; input?: string; touched?: boolean } {
  return JSON.parse(localStorage.getItem(KEY) ?? '{}') as { code?: string };
}

describe('draft', () => {
  beforeEach(() => {
    localStorage.clear();
    vi.useRealTimers();
  });

  it('saves 250 ms after the last key', async () => {
    vi.useFakeTimers();
    const draft = await load();
    draft.editCode('a');
    vi.advanceTimersByTime(200);
    draft.editCode('ab');
    vi.advanceTimersByTime(249);
    expect(stored().code).toBeUndefined();
    vi.advanceTimersByTime(1);
    expect(stored().code).toBe('ab');
  });

  it('saves at once when the page is hidden', async () => {
    const draft = await load();
    const stop = draft.watchPageHide();
    draft.editCode('kept');
    vi.spyOn(document, 'visibilityState', 'get').mockReturnValue('hidden');
    document.dispatchEvent(new Event('visibilitychange'));
    expect(stored().code).toBe('kept');
    stop();
  });

  it('is there again after a reload, input too', async () => {
    const draft = await load();
    draft.editCode('x = 1');
    draft.editInput('42');
    draft.flushDraft();
    const again = await load();
    expect(again.useDraft.getState()).toMatchObject({ code: 'x = 1', input: '42', touched: true });
  });

  it('survives nonsense in the storage', async () => {
    localStorage.setItem(KEY, '{"code":7,"input":null}');
    expect((await load()).useDraft.getState()).toMatchObject({ code: '', language: 'python' });
    localStorage.setItem(KEY, '[');
    expect((await load()).useDraft.getState().code).toBe('');
  });

  it('puts a template into an untouched editor only', async () => {
    const draft = await load();
    draft.offerTemplate('python', 'print()');
    expect(draft.useDraft.getState()).toMatchObject({ code: 'print()', revision: 1 });
    draft.editCode('mine');
    draft.offerTemplate('python', 'other');
    expect(draft.useDraft.getState()).toMatchObject({ code: 'mine', revision: 1 });
    draft.resetToTemplate('other');
    expect(draft.useDraft.getState()).toMatchObject({ code: 'other', touched: false, revision: 2 });
  });

  it('keeps an emptied editor empty', async () => {
    const draft = await load();
    draft.editCode('');
    draft.flushDraft();
    const again = await load();
    again.offerTemplate('python', 'print()');
    expect(again.useDraft.getState().code).toBe('');
  });

  it('says so when the browser keeps nothing', async () => {
    const draft = await load();
    vi.stubGlobal('localStorage', {
      setItem: () => {
        throw new DOMException('full', 'QuotaExceededError');
      },
    });
    draft.editCode('x');
    draft.flushDraft();
    vi.unstubAllGlobals();
    expect(draft.useDraft.getState().storageFailed).toBe(true);
  });
});
