import { useEffect, useSyncExternalStore } from 'react';
import type { Theme } from './store';
import { useUi } from './store';

const QUERY = '(prefers-color-scheme: dark)';

export function useMedia(query: string): boolean {
  return useSyncExternalStore(
    (changed) => {
      const list = window.matchMedia(query);
      list.addEventListener('change', changed);
      return () => list.removeEventListener('change', changed);
    },
    () => window.matchMedia(query).matches,
  );
}

/** The theme in force: the user's choice, else the system's. */
export function useTheme(): Theme {
  const systemDark = useMedia(QUERY);
  const choice = useUi((state) => state.theme);
  if (choice === 'system') {
    return systemDark ? 'dark' : 'light';
  }
  return choice;
}

export function useApplyTheme(): void {
  const theme = useTheme();
  useEffect(() => {
    document.documentElement.dataset['theme'] = theme;
  }, [theme]);
}

/** Turns to the other theme; back to the system's where they agree. */
export function toggleTheme(current: Theme): void {
  const next: Theme = current === 'dark' ? 'light' : 'dark';
  const system: Theme = window.matchMedia(QUERY).matches ? 'dark' : 'light';
  useUi.setState({ theme: next === system ? 'system' : next });
}
