import { lazy, Suspense, useEffect } from 'react';
import type { ReactElement } from 'react';
import { useQueryClient } from '@tanstack/react-query';
import { FALLBACK_LANGUAGE, useLanguages } from '../api/queries';
import type { Language } from '../api/types';
import { useAuth } from '../auth/store';
import { offerTemplate, useDraft, watchPageHide } from '../editor/draft';
import { Editor } from '../editor/Editor';
import { startDraftLock } from '../editor/lock';
import { OutputPanel } from '../output/OutputPanel';
import { setRunLanguage, startSession } from '../run/session';
import { isActive, useRun } from '../run/store';
import type { RunState } from '../run/store';
import { Split } from '../ui/Split';
import type { Layout, Pane } from '../ui/store';
import { SPLIT_DEFAULT, useUi } from '../ui/store';
import { useApplyTheme, useMedia } from '../ui/theme';
import { Announcer } from './Announcer';
import { Banner } from './Banner';
import { KeySheet } from './KeySheet';
import { StatusBar } from './StatusBar';
import { Toolbar } from './Toolbar';
import { useShortcuts } from './shortcuts';

/** Only where the server wants people to sign in. */
const SignIn = lazy(() => import('../auth/SignIn'));

const PANES: readonly { id: Pane; label: string }[] = [
  { id: 'code', label: 'Code' },
  { id: 'output', label: 'Output' },
  { id: 'input', label: 'Input' },
];

/** The languages of the server, and the one that is chosen. */
function useLanguage(): { languages: readonly Language[]; language: Language } {
  const query = useLanguages();
  const chosen = useDraft((state) => state.language);
  const languages = query.data ?? [FALLBACK_LANGUAGE];
  const language = languages.find(({ id }) => id === chosen) ?? languages[0] ?? FALLBACK_LANGUAGE;
  const known = query.data !== undefined || query.isError;

  useEffect(() => {
    setRunLanguage(language);
    if (known) {
      offerTemplate(language.id, language.template);
    }
  }, [language, known]);
  return { languages, language };
}

function useTitle(language: Language): void {
  const running = useRun((state) => isActive(state.phase));
  useEffect(() => {
    const name = `main.${language.extension} · ${language.name} · Code Remote`;
    document.title = running ? `▶ ${name}` : name;
  }, [language, running]);
}

/** Whether this change of the run speaks for asking how the pool is. */
function doubtsPool(state: RunState, previous: RunState): boolean {
  if (state.connection.status !== previous.connection.status) {
    return true;
  }
  return (
    state.phase !== previous.phase &&
    (state.phase === 'refused' || state.result?.status === 'error')
  );
}

/** Asks at once how the pool is when a run was refused or failed on its side. */
function usePoolWatch(): void {
  const client = useQueryClient();
  useEffect(
    () =>
      useRun.subscribe((state, previous) => {
        if (doubtsPool(state, previous)) {
          void client.invalidateQueries({ queryKey: ['health'] });
        }
      }),
    [client],
  );
}

/** What a user may see is asked for again once somebody is signed in. */
function useRefetchOnSignIn(): void {
  const client = useQueryClient();
  useEffect(
    () =>
      useAuth.subscribe((state, previous) => {
        if (state.status === 'in' && previous.status !== 'in') {
          void client.invalidateQueries({ queryKey: ['languages'] });
        }
      }),
    [client],
  );
}

/** What a narrow screen shows instead of two panels. */
function PaneBar(): ReactElement {
  const pane = useUi((state) => state.pane);
  const running = useRun((state) => isActive(state.phase));

  return (
    <nav className="pane-bar" aria-label="Panes">
      {PANES.map(({ id, label }) => (
        <button
          key={id}
          type="button"
          aria-current={pane === id ? 'page' : undefined}
          onClick={() => useUi.setState(id === 'code' ? { pane: id } : { pane: id, tab: id })}
        >
          {label}
          {id === 'output' && running && <span className="dot" aria-label="running" role="img" />}
        </button>
      ))}
    </nav>
  );
}

export function App(): ReactElement {
  const { languages, language } = useLanguage();
  const roomy = useMedia('(min-width: 1100px)');
  const chosenLayout = useUi((state) => state.layout);
  const layout: Layout = chosenLayout ?? (roomy ? 'right' : 'below');
  const share = useUi((state) => state.split[layout]);
  const pane = useUi((state) => state.pane);
  const signIn = useAuth((state) => state.dialogOpen);

  useApplyTheme();
  useShortcuts();
  useTitle(language);
  usePoolWatch();
  useRefetchOnSignIn();
  useEffect(startSession, []);
  useEffect(watchPageHide, []);
  useEffect(startDraftLock, []);

  return (
    <div className="app" data-pane={pane === 'code' ? 'code' : 'panel'}>
      <Toolbar languages={languages} language={language} layout={layout} />
      <Banner />
      <main>
        <Split
          direction={layout}
          value={share}
          initial={SPLIT_DEFAULT[layout]}
          label="Size of the editor"
          onChange={(value) =>
            useUi.setState((state) => ({ split: { ...state.split, [layout]: value } }))
          }
          first={
            <section className="code" aria-label="Editor" data-region="editor">
              <Editor language={language} />
            </section>
          }
          second={<OutputPanel language={language} />}
        />
      </main>
      <PaneBar />
      <StatusBar language={language} />
      <KeySheet />
      {signIn && (
        <Suspense>
          <SignIn />
        </Suspense>
      )}
      <Announcer />
    </div>
  );
}
