import { create } from 'zustand';
import { isRecord, readJson, writeJson } from './storage';

export type ThemeChoice = 'system' | 'light' | 'dark';
export type Theme = 'light' | 'dark';
export type Layout = 'right' | 'below';
/** What the lower or right panel shows. */
export type PanelTab = 'output' | 'input';
/** What a narrow screen shows: one of the three. */
export type Pane = 'code' | PanelTab;

export interface UiState {
  theme: ThemeChoice;
  /** null: by the width of the window. */
  layout: Layout | null;
  wrap: boolean;
  /** Share of the editor, in percent, for each layout. */
  split: Record<Layout, number>;
  tab: PanelTab;
  pane: Pane;
  sheetOpen: boolean;
  cursor: { line: number; column: number };
  editor: 'plain' | 'monaco';
  newVersion: boolean;
  /** The input line takes the focus when it comes. */
  focusInput: boolean;
}

const KEY = 'coderemote.ui';
export const SPLIT_DEFAULT: Readonly<Record<Layout, number>> = { right: 54, below: 60 };

function oneOf<T extends string>(value: unknown, allowed: readonly T[]): T | null {
  return allowed.find((item) => item === value) ?? null;
}

function share(value: unknown, otherwise: number): number {
  return typeof value === 'number' && value >= 10 && value <= 90 ? value : otherwise;
}

function load(): Pick<UiState, 'theme' | 'layout' | 'wrap' | 'split'> {
  const stored = readJson(KEY);
  const record = isRecord(stored) ? stored : {};
  const split = isRecord(record['split']) ? record['split'] : {};
  return {
    theme: oneOf(record['theme'], ['system', 'light', 'dark']) ?? 'system',
    layout: oneOf(record['layout'], ['right', 'below']),
    wrap: record['wrap'] !== false,
    split: {
      right: share(split['right'], SPLIT_DEFAULT.right),
      below: share(split['below'], SPLIT_DEFAULT.below),
    },
  };
}

export const useUi = create<UiState>()(() => ({
  ...load(),
  tab: 'output',
  pane: 'code',
  sheetOpen: false,
  cursor: { line: 1, column: 1 },
  editor: 'plain',
  newVersion: false,
  focusInput: false,
}));

useUi.subscribe((state, previous) => {
  if (
    state.theme !== previous.theme ||
    state.layout !== previous.layout ||
    state.wrap !== previous.wrap ||
    state.split !== previous.split
  ) {
    const { theme, layout, wrap, split } = state;
    writeJson(KEY, { theme, layout, wrap, split });
  }
});

/** Shows a tab of the panel, on every width of screen. */
export function showTab(tab: PanelTab): void {
  useUi.setState({ tab, pane: tab });
}

export function showCode(): void {
  useUi.setState({ pane: 'code' });
}
