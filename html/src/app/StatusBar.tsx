import type { ReactElement } from 'react';
import type { Language } from '../api/types';
import { useDraft } from '../editor/draft';
import { useRun } from '../run/store';
import { useUi } from '../ui/store';

const CONNECTION = {
  connecting: 'Connecting…',
  open: 'Connected',
  reconnecting: 'Reconnecting…',
  refused: 'Refused',
  'signed-out': 'Signed out',
} as const;

function Saved(): ReactElement | null {
  const savedAt = useDraft((state) => state.savedAt);
  const failed = useDraft((state) => state.storageFailed);
  if (failed) {
    return <span>Not saved</span>;
  }
  if (savedAt === null) {
    return null;
  }
  return <span>Saved {new Date(savedAt).toLocaleTimeString('en-GB')}</span>;
}

export function StatusBar({ language }: { language: Language }): ReactElement {
  const connection = useRun((state) => state.connection.status);
  const { line, column } = useUi((state) => state.cursor);

  return (
    <footer className="status-bar" aria-label="State">
      <span className="connection" data-connection={connection}>
        <span className="lamp" aria-hidden="true" />
        {CONNECTION[connection]}
      </span>
      <Saved />
      <span className="spring" />
      <span>
        Ln {line}, Col {column}
      </span>
      <span className="optional">Spaces: 4</span>
      <span className="optional">
        {language.name} {language.version}
      </span>
    </footer>
  );
}
