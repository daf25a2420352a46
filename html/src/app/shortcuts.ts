import { useEffect } from 'react';
import { useAuth } from '../auth/store';
import { isActive, useRun } from '../run/store';
import { run, stop } from '../run/session';
import { useUi } from '../ui/store';
import { chord } from '../ui/platform';

export interface Shortcut {
  keys: readonly string[];
  does: string;
}

/** What the keyboard sheet shows. */
export const SHORTCUTS: readonly { title: string; items: readonly Shortcut[] }[] = [
  {
    title: 'Program',
    items: [
      { keys: [chord('Mod', 'Enter'), 'F9'], does: 'Run; run again while it runs' },
      { keys: [chord('Mod', 'Shift', 'Enter')], does: 'Run and go to the input line' },
      { keys: [chord('Mod', '.'), chord('Shift', 'Esc')], does: 'Stop' },
      { keys: ['Enter'], does: 'In the input line: send the line' },
      { keys: [chord('Ctrl', 'D')], does: 'In the input line: end of input' },
      { keys: [chord('Ctrl', 'C')], does: 'In the input line: interrupt (SIGINT)' },
    ],
  },
  {
    title: 'Page',
    items: [
      { keys: ['F6', chord('Shift', 'F6')], does: 'Next, previous region' },
      { keys: ['← →', '↑ ↓'], does: 'On the bar between the panels: move it' },
      { keys: ['?'], does: 'This sheet' },
    ],
  },
  {
    title: 'Editor',
    items: [
      { keys: [chord('Mod', 'F')], does: 'Find' },
      { keys: [chord('Mod', '/')], does: 'Comment or uncomment' },
      { keys: ['F1'], does: 'All editor commands' },
      { keys: [chord('Ctrl', 'M')], does: 'Tab moves focus or indents' },
      { keys: [chord('Alt', 'F1')], does: 'Help for screen readers' },
    ],
  },
];

/** In this order; the input line stands inside the panel. */
const REGIONS = ['toolbar', 'editor', 'stdin', 'panel'] as const;

/** Moves focus to the next region that is on screen. */
function cycleRegions(step: 1 | -1): void {
  const regions = REGIONS.map((name) =>
    document.querySelector<HTMLElement>(`[data-region=${name}]`),
  ).filter((region) => region !== null && region.getClientRects().length > 0);
  const current = regions.findIndex((region) => region?.contains(document.activeElement));
  const from = current === -1 && step === -1 ? 0 : current;
  const next = regions[(from + step + regions.length) % regions.length];
  const target =
    next?.querySelector<HTMLElement>(
      '[data-region-focus], .monaco-host textarea, .native-edit-context',
    ) ?? next?.querySelector<HTMLElement>('button, select, textarea, input');
  target?.focus();
}

function isField(target: EventTarget | null): boolean {
  return (
    target instanceof HTMLElement &&
    (target.isContentEditable ||
      target.closest('input, textarea, select, .monaco-editor, dialog') !== null)
  );
}

/** Runs and leaves the focus where it is. */
function runHere(): void {
  useUi.setState({ focusInput: false });
  run();
}

function runAndType(): void {
  useUi.setState({ focusInput: true });
  run();
}

function actionOf(event: KeyboardEvent): (() => void) | null {
  const mod = event.ctrlKey || event.metaKey;
  if (event.key === 'Enter' && mod && event.shiftKey) {
    return runAndType;
  }
  if (((event.key === 'Enter' && mod) || event.key === 'F9') && !event.altKey) {
    return runHere;
  }
  const stops = (event.key === '.' && mod) || (event.key === 'Escape' && event.shiftKey);
  if (stops && isActive(useRun.getState().phase)) {
    return stop;
  }
  if (event.key === 'F6' && !mod) {
    return () => cycleRegions(event.shiftKey ? -1 : 1);
  }
  if (event.key === '?' && !isField(event.target)) {
    return () => useUi.setState({ sheetOpen: true });
  }
  return null;
}

/** Listens before the editor does, so a shortcut means the same everywhere. */
export function useShortcuts(): void {
  useEffect(() => {
    const onKeyDown = (event: KeyboardEvent): void => {
      if (event.isComposing || useUi.getState().sheetOpen || useAuth.getState().dialogOpen) {
        return;
      }
      const action = actionOf(event);
      if (action !== null) {
        event.preventDefault();
        event.stopPropagation();
        if (!event.repeat) {
          action();
        }
      }
    };
    window.addEventListener('keydown', onKeyDown, { capture: true });
    return () => window.removeEventListener('keydown', onKeyDown, { capture: true });
  }, []);
}
