import type { ReactElement, ReactNode } from 'react';
import { isUnauthorized, useHealth, useLanguages } from '../api/queries';
import { ApiError } from '../api/http';
import { openSignIn, useAuth } from '../auth/store';
import { useDraft } from '../editor/draft';
import { editHere } from '../editor/lock';
import { run, socket } from '../run/session';
import { isActive, useRun } from '../run/store';
import { useCountdown } from '../run/time';
import { CheckIcon, WarnIcon } from '../ui/icons';
import { useUi } from '../ui/store';
import { useOnline } from '../ui/online';

interface BannerViewProps {
  tone: 'warn' | 'info' | 'good';
  name: string;
  children: ReactNode;
  action?: { label: string; onClick: () => void };
}

function BannerView({ tone, name, children, action }: BannerViewProps): ReactElement {
  return (
    <div className={`banner ${tone}`} role="status" data-banner={name}>
      {tone === 'good' ? <CheckIcon /> : <WarnIcon />}
      <p>{children}</p>
      {action !== undefined && (
        <button type="button" onClick={action.onClick}>
          {action.label}
        </button>
      )}
    </div>
  );
}

function Reconnecting({ retryAt, running }: { retryAt: number; running: boolean }): ReactElement {
  const wait = useCountdown(retryAt);
  const when = wait > 0 ? `Next try in ${wait} s.` : 'Trying now…';
  const action = { label: 'Try now', onClick: () => socket.retryNow() };

  return running ? (
    <BannerView tone="warn" name="reconnecting" action={action}>
      <strong>Reconnecting.</strong> Your program keeps running; its output will be here. {when}
    </BannerView>
  ) : (
    <BannerView tone="warn" name="offline" action={action}>
      <strong>Offline.</strong> You can go on editing, your code is saved in this browser. {when}
    </BannerView>
  );
}

/** The one thing about the page's state that the user should know now. */
export function Banner(): ReactElement | null {
  const connection = useRun((state) => state.connection);
  const running = useRun((state) => isActive(state.phase));
  const storageFailed = useDraft((state) => state.storageFailed);
  const mine = useDraft((state) => state.mine);
  const newVersion = useUi((state) => state.newVersion);
  const health = useHealth();
  const languages = useLanguages();
  const online = useOnline();
  const signedOut = useAuth((state) => state.status === 'out' && state.ended);
  const offerRun = useAuth((state) => state.status === 'in' && state.offerRun);

  if (newVersion) {
    return (
      <BannerView
        tone="info"
        name="new-version"
        action={{ label: 'Reload', onClick: () => window.location.reload() }}
      >
        <strong>There is a new version of this page.</strong> Your code is kept.
      </BannerView>
    );
  }
  if (connection.status === 'refused') {
    return (
      <BannerView tone="warn" name="refused">
        <strong>The server does not accept this page.</strong>{' '}
        {connection.reason === '' ? `It closed with code ${connection.code}.` : connection.reason}
      </BannerView>
    );
  }
  if (signedOut) {
    return (
      <BannerView tone="warn" name="signed-out" action={{ label: 'Sign in', onClick: openSignIn }}>
        <strong>Your session has ended.</strong> Your code is kept
        {running ? ', and your program keeps running' : ''}.
      </BannerView>
    );
  }
  if (health.error instanceof ApiError && health.error.status === 403) {
    return (
      <BannerView tone="warn" name="forbidden">
        <strong>The server refuses this address.</strong> {health.error.problem.detail}
      </BannerView>
    );
  }
  if (connection.status === 'reconnecting' && (connection.attempt > 1 || running || !online)) {
    return <Reconnecting retryAt={connection.retryAt} running={running} />;
  }
  if (health.data?.pool === 'down') {
    return (
      <BannerView tone="warn" name="pool-down">
        <strong>The sandboxes are down.</strong> Run comes back by itself as soon as they are up.
      </BannerView>
    );
  }
  if (offerRun && connection.status === 'open' && !running) {
    return (
      <BannerView tone="good" name="offer-run" action={{ label: 'Run it now', onClick: run }}>
        <strong>You are signed in.</strong> Your program has not run yet.
      </BannerView>
    );
  }
  if (languages.isError && !isUnauthorized(languages.error)) {
    return (
      <BannerView
        tone="warn"
        name="languages"
        action={{ label: 'Try again', onClick: () => void languages.refetch() }}
      >
        <strong>The list of languages could not be loaded.</strong> Python is assumed.
      </BannerView>
    );
  }
  if (!mine) {
    return (
      <BannerView tone="info" name="other-tab" action={{ label: 'Edit here', onClick: editHere }}>
        <strong>Another tab is editing this code.</strong> Here it can be read and run.
      </BannerView>
    );
  }
  if (storageFailed) {
    return (
      <BannerView tone="warn" name="storage">
        <strong>This browser does not keep your code.</strong> Its storage is full or switched off:
        copy your code before you leave.
      </BannerView>
    );
  }
  return null;
}
