import { create } from 'zustand';
import type { LanguageLimits, RunLimits } from '../api/types';
import { isRecord, readJson, writeJson } from '../ui/storage';

export interface DraftState {
  language: string;
  code: string;
  /** Prepared input for the next run. */
  input: string;
  /** Whether stdin stays open for typing after the prepared input. */
  keepOpen: boolean;
  /** Arguments of the program, as they are typed into a shell. */
  args: string;
  limits: RunLimits;
  /** False while the editor holds a template that nobody changed. */
  touched: boolean;
  /** Date.now() of the last successful save. */
  savedAt: number | null;
  /** False while another tab edits and saves. */
  mine: boolean;
  /** The browser does not keep data (private window, storage full). */
  storageFailed: boolean;
  /** Counts changes of `code` that the editor did not make itself. */
  revision: number;
}

const KEY = 'coderemote.draft';
const SAVE_AFTER_MS = 250;

const LIMIT_NAMES: readonly (keyof LanguageLimits)[] = [
  'timeout_ms',
  'cpu_ms',
  'memory_mb',
  'output_kb',
  'processes',
];

type Kept = Pick<
  DraftState,
  'language' | 'code' | 'input' | 'keepOpen' | 'args' | 'limits' | 'touched'
>;

function limitsOf(stored: unknown): RunLimits {
  const record = isRecord(stored) ? stored : {};
  const limits: RunLimits = {};
  for (const name of LIMIT_NAMES) {
    const value = record[name];
    if (typeof value === 'number' && Number.isInteger(value) && value > 0) {
      limits[name] = value;
    }
  }
  return limits;
}

function load(): Kept {
  const stored = readJson(KEY);
  const record = isRecord(stored) ? stored : {};
  const text = (name: string): string => {
    const value = record[name];
    return typeof value === 'string' ? value : '';
  };
  return {
    language: text('language') || 'python',
    code: text('code'),
    input: text('input'),
    keepOpen: record['keepOpen'] === true,
    args: text('args'),
    limits: limitsOf(record['limits']),
    touched: record['touched'] === true,
  };
}

export const useDraft = create<DraftState>()(() => ({
  ...load(),
  mine: true,
  savedAt: null,
  storageFailed: false,
  revision: 0,
}));

let timer: ReturnType<typeof setTimeout> | undefined;

/** Saves what is not saved yet, at once. */
export function flushDraft(): void {
  if (timer === undefined) {
    return;
  }
  clearTimeout(timer);
  timer = undefined;
  if (!useDraft.getState().mine) {
    return;
  }
  const { language, code, input, keepOpen, args, limits, touched } = useDraft.getState();
  const saved = writeJson(KEY, { language, code, input, keepOpen, args, limits, touched });
  useDraft.setState(
    saved ? { savedAt: Date.now(), storageFailed: false } : { storageFailed: true },
  );
}

function saveSoon(): void {
  clearTimeout(timer);
  timer = setTimeout(flushDraft, SAVE_AFTER_MS);
}

/** Shows the code that another tab has saved. */
export function reloadDraft(): void {
  const { language, code, touched } = load();
  if (touched && code !== useDraft.getState().code) {
    useDraft.setState((state) => ({ language, code, touched, revision: state.revision + 1 }));
  }
}

/** The user typed. */
export function editCode(code: string): void {
  useDraft.setState({ code, touched: true });
  saveSoon();
}

export function editInput(input: string): void {
  useDraft.setState({ input });
  saveSoon();
}

export function setKeepOpen(keepOpen: boolean): void {
  useDraft.setState({ keepOpen });
  saveSoon();
}

export function editArgs(args: string): void {
  useDraft.setState({ args });
  saveSoon();
}

/** undefined: the language's default. */
export function setLimit(name: keyof LanguageLimits, value: number | undefined): void {
  useDraft.setState((state) => {
    const { [name]: _, ...limits } = state.limits;
    return { limits: value === undefined ? limits : { ...limits, [name]: value } };
  });
  saveSoon();
}

/** Puts a template into an editor that nobody touched; keeps all else. */
export function offerTemplate(language: string, template: string): void {
  const { touched, code } = useDraft.getState();
  if (touched || code === template) {
    useDraft.setState({ language });
    return;
  }
  useDraft.setState((state) => ({ language, code: template, revision: state.revision + 1 }));
}

/** Replaces the code by the template on the user's wish; undo brings it back. */
export function resetToTemplate(template: string): void {
  useDraft.setState((state) => ({
    code: template,
    touched: false,
    revision: state.revision + 1,
  }));
  saveSoon();
}

/** Saves whatever is pending when the page may go away. */
export function watchPageHide(): () => void {
  const hidden = (): void => {
    if (document.visibilityState === 'hidden') {
      flushDraft();
    }
  };
  document.addEventListener('visibilitychange', hidden);
  window.addEventListener('pagehide', flushDraft);
  return () => {
    document.removeEventListener('visibilitychange', hidden);
    window.removeEventListener('pagehide', flushDraft);
  };
}
