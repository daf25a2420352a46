import type { ReactElement } from 'react';
import { useHealth } from '../api/queries';
import { useAuth } from '../auth/store';
import { useDraft } from '../editor/draft';
import { splitArgs } from '../run/options';
import { run, stop } from '../run/session';
import { isActive, useRun } from '../run/store';
import { useCountdown } from '../run/time';
import { RunIcon, StopIcon } from '../ui/icons';
import { chord } from '../ui/platform';

/** Why Run does nothing now, or null when it does. */
function useBlocked(): string | null {
  const connection = useRun((state) => state.connection.status);
  const retryAt = useRun((state) => state.retryAt);
  const empty = useDraft((state) => state.code.trim() === '');
  const openQuote = useDraft((state) => splitArgs(state.args) === null);
  const wait = useCountdown(retryAt);
  const health = useHealth();

  if (connection === 'signed-out') {
    return null;
  }
  if (connection === 'refused') {
    return 'The server does not accept this page';
  }
  if (connection !== 'open') {
    return connection === 'connecting' ? 'Connecting to the server' : 'Offline';
  }
  if (wait > 0) {
    return `Try again in ${wait} s`;
  }
  if (health.data?.pool === 'down') {
    return 'The sandboxes are down';
  }
  if (openQuote) {
    return 'A quote in the arguments is not closed';
  }
  return empty ? 'There is no code to run' : null;
}

/** Run, which turns into Stop in place while a program runs. */
export function RunButton(): ReactElement {
  const active = useRun((state) => isActive(state.phase));
  const stopping = useRun((state) => state.stopping);
  const retryAt = useRun((state) => state.retryAt);
  const wait = useCountdown(retryAt);
  const blocked = useBlocked();
  const signedOut = useAuth((state) => state.status === 'out');

  if (active) {
    return (
      <button
        type="button"
        className="run stop"
        title={`Stop (${chord('Mod', '.')} or ${chord('Shift', 'Esc')})`}
        aria-disabled={stopping}
        onClick={stop}
      >
        <StopIcon />
        {stopping ? 'Stopping…' : 'Stop'}
      </button>
    );
  }
  return (
    <button
      type="button"
      className="run"
      title={blocked ?? (signedOut ? 'Sign in to run' : `Run (${chord('Mod', 'Enter')} or F9)`)}
      aria-disabled={blocked !== null}
      aria-keyshortcuts="Control+Enter Meta+Enter F9"
      onClick={() => {
        if (blocked === null) {
          run();
        }
      }}
    >
      <RunIcon />
      {wait > 0 ? `Run in ${wait} s` : 'Run'}
    </button>
  );
}
