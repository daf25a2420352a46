import { lazy, Suspense } from 'react';
import type { ReactElement } from 'react';
import type { Language } from '../api/types';
import { useAuth } from '../auth/store';
import { editor } from '../editor/handle';
import { offerTemplate, resetToTemplate, useDraft } from '../editor/draft';
import { BelowIcon, KeyboardIcon, MoonIcon, ResetIcon, RightIcon, SunIcon } from '../ui/icons';
import type { Layout } from '../ui/store';
import { useUi } from '../ui/store';
import { toggleTheme, useTheme } from '../ui/theme';
import { RunButton } from './RunButton';

/** Only where the server wants people to sign in. */
const Account = lazy(() => import('../auth/Account'));

interface ToolbarProps {
  languages: readonly Language[];
  language: Language;
  layout: Layout;
}

function Brand(): ReactElement {
  return (
    <h1 className="brand">
      <svg viewBox="0 0 32 32" width="24" height="24" aria-hidden="true" focusable="false">
        <rect width="32" height="32" rx="8" className="brand-tile" />
        <path d="M9 10l6 6-6 6" className="brand-chevron" />
        <path d="M17.5 22H24" className="brand-line" />
      </svg>
      <span>Code Remote</span>
    </h1>
  );
}

function LanguageSelect({ languages, language }: Omit<ToolbarProps, 'layout'>): ReactElement {
  return (
    <select
      className="language"
      aria-label="Language"
      value={language.id}
      onChange={(event) => {
        const chosen = languages.find((item) => item.id === event.currentTarget.value);
        if (chosen !== undefined) {
          offerTemplate(chosen.id, chosen.template);
        }
      }}
    >
      {languages.map((item) => (
        <option key={item.id} value={item.id}>
          {item.name} {item.version}
        </option>
      ))}
    </select>
  );
}

export function Toolbar({ languages, language, layout }: ToolbarProps): ReactElement {
  const theme = useTheme();
  const pristine = useDraft((state) => state.code === language.template || !state.mine);
  const signsIn = useAuth((state) => state.status === 'in' || state.status === 'out');
  const nextLayout: Layout = layout === 'right' ? 'below' : 'right';

  return (
    <header className="toolbar" data-region="toolbar">
      <Brand />
      <span className="file">main.{language.extension}</span>
      <LanguageSelect languages={languages} language={language} />
      <span className="spring" />
      <button
        type="button"
        className="icon-button optional"
        aria-label="Reset to the template"
        title="Reset to the template (undo brings your code back)"
        aria-disabled={pristine}
        onClick={() => {
          if (!pristine) {
            resetToTemplate(language.template);
            editor().focus();
          }
        }}
      >
        <ResetIcon />
      </button>
      <button
        type="button"
        className="icon-button wide-only"
        aria-label={nextLayout === 'right' ? 'Output to the right' : 'Output below'}
        title={nextLayout === 'right' ? 'Output to the right' : 'Output below'}
        onClick={() => useUi.setState({ layout: nextLayout })}
      >
        {nextLayout === 'right' ? <RightIcon /> : <BelowIcon />}
      </button>
      <button
        type="button"
        className="icon-button optional"
        aria-label="Keyboard shortcuts"
        title="Keyboard shortcuts (?)"
        onClick={() => useUi.setState({ sheetOpen: true })}
      >
        <KeyboardIcon />
      </button>
      <button
        type="button"
        className="icon-button"
        aria-label={theme === 'dark' ? 'Light theme' : 'Dark theme'}
        title={theme === 'dark' ? 'Light theme' : 'Dark theme'}
        onClick={() => toggleTheme(theme)}
      >
        {theme === 'dark' ? <SunIcon /> : <MoonIcon />}
      </button>
      <RunButton />
      {signsIn && (
        <Suspense>
          <Account />
        </Suspense>
      )}
    </header>
  );
}
