import { useRef, useState } from 'react';
import type { ReactElement } from 'react';
import { stop } from '../run/session';
import { sessionKeeper } from './gate';
import { openSignIn, useAuth } from './store';
import type { AuthUser } from './store';
import './signin.css';

function nameOf({ email, id }: AuthUser): string {
  return email ?? id;
}

interface SignOutProps {
  onLeave: () => void;
  onFailed: () => void;
}

function SignOut({ onLeave, onFailed }: SignOutProps): ReactElement {
  const [busy, setBusy] = useState(false);
  const [failed, setFailed] = useState(false);
  const login = useAuth((state) => state.login);

  const leave = async (everywhere: boolean): Promise<void> => {
    setBusy(true);
    setFailed(false);
    try {
      onLeave();
      stop();
      await sessionKeeper().signOut(everywhere);
    } catch {
      onFailed();
      setFailed(true);
    } finally {
      setBusy(false);
    }
  };
  const button = (label: string, everywhere: boolean): ReactElement => (
    <button
      type="button"
      aria-disabled={busy}
      onClick={() => {
        if (!busy) {
          void leave(everywhere);
        }
      }}
    >
      {label}
    </button>
  );

  return (
    <>
      {button('Sign out', false)}
      {login && button('Sign out everywhere', true)}
      <p className="account-failed" role="alert">
        {failed && 'The server could not be reached: you are still signed in.'}
      </p>
    </>
  );
}

/** Who is signed in, with the way out; or the way in. */
export default function Account(): ReactElement {
  const user = useAuth((state) => state.session?.user ?? null);
  const cookie = useAuth((state) => state.session?.token === null);
  const [open, setOpen] = useState(false);
  // The button of the menu goes with the user: the focus must not be lost.
  const leaving = useRef(false);

  if (user === null) {
    return (
      <button
        type="button"
        className="sign-in"
        onClick={openSignIn}
        ref={(element) => {
          if (element !== null && leaving.current) {
            leaving.current = false;
            element.focus();
          }
        }}
      >
        Sign in
      </button>
    );
  }
  const name = nameOf(user);
  return (
    <>
      <button
        type="button"
        className="account"
        popoverTarget="account-menu"
        aria-expanded={open}
        aria-label={`Account: ${name}`}
        title={name}
      >
        <span aria-hidden="true">{name.charAt(0).toUpperCase()}</span>
      </button>
      <div
        id="account-menu"
        popover="auto"
        className="account-menu"
        role="group"
        aria-label="Account"
        onToggle={(event) => setOpen(event.newState === 'open')}
      >
        <p>
          Signed in as
          <strong>{name}</strong>
        </p>
        {cookie ? (
          <p className="account-note">Sign out where you signed in.</p>
        ) : (
          <SignOut
            onLeave={() => {
              leaving.current = true;
            }}
            onFailed={() => {
              leaving.current = false;
            }}
          />
        )}
      </div>
    </>
  );
}
