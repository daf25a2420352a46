import { useEffect, useRef, useState } from 'react';
import type { FormEvent, ReactElement, ReactNode, RefObject } from 'react';
import { useStore } from 'zustand';
import { read, send } from '../api/http';
import { editor } from '../editor/handle';
import { useCountdown } from '../run/time';
import { CheckIcon, CrossIcon, WarnIcon } from '../ui/icons';
import { useOnline } from '../ui/online';
import { Field } from './Field';
import { ASKS, SignInFlow } from './flow';
import type { FlowState, Screen, Values } from './flow';
import { sessionKeeper } from './gate';
import { useAuth } from './store';
import './signin.css';

function createFlow(): SignInFlow {
  return new SignInFlow(
    {
      post: (path, body) =>
        send(
          path,
          {
            method: 'POST',
            headers: { 'Content-Type': 'application/json' },
            body: JSON.stringify(body),
          },
          null,
        ).then((response) => read(response)),
      signedIn: (session) => sessionKeeper().signedIn(session),
      useToken: (token) => sessionKeeper().useToken(token),
    },
    useAuth.getState().login,
  );
}

interface Text {
  title: string;
  submit: string;
  busy: string;
}

const TEXTS: Readonly<Record<Screen, Text>> = {
  'sign-in': { title: 'Sign in', submit: 'Sign in', busy: 'Signing in…' },
  register: { title: 'Create an account', submit: 'Create account', busy: 'Creating…' },
  confirm: { title: 'Confirm your address', submit: 'Confirm', busy: 'Confirming…' },
  forgot: { title: 'Forgot your password?', submit: 'Send a code', busy: 'Sending…' },
  reset: { title: 'Set a new password', submit: 'Set password', busy: 'Setting…' },
  mfa: { title: 'One more step', submit: 'Sign in', busy: 'Signing in…' },
  'new-password': { title: 'Choose a new password', submit: 'Sign in', busy: 'Signing in…' },
  external: { title: 'Sign in', submit: 'Use this token', busy: 'Checking…' },
};

function lead({ screen, email, challenge }: FlowState): string | null {
  switch (screen) {
    case 'confirm':
      return `Enter the code that was sent to ${email}.`;
    case 'forgot':
      return 'A code is sent to your address; with it you set a new password.';
    case 'reset':
      return `Enter the code that was sent to ${email}, and a new password.`;
    case 'mfa':
      if (challenge?.challenge === 'SMS_MFA') {
        const to = challenge.destination === undefined ? '' : ` to ${challenge.destination}`;
        return `Enter the code that was sent${to} as a text message.`;
      }
      return 'Enter the code that your authenticator app shows.';
    case 'new-password':
      return 'Your account needs a new password before you can go on.';
    default:
      return null;
  }
}

function Fields({ state }: { state: FlowState }): ReactElement {
  const { screen, email, fields } = state;
  const newPassword = (
    <Field
      name="new_password"
      label="New password"
      type="password"
      autoComplete="new-password"
      error={fields.new_password}
    />
  );
  const code = (
    <Field
      name="code"
      label="Code"
      type="text"
      inputMode="numeric"
      autoComplete="one-time-code"
      error={fields.code}
    />
  );
  // A password manager keeps a new password under the name that it sees.
  const account = (
    <input type="text" name="email" autoComplete="username" value={email} readOnly hidden />
  );

  switch (screen) {
    case 'sign-in':
    case 'register':
    case 'forgot':
      return (
        <>
          <Field
            name="email"
            label="Email"
            type="email"
            inputMode="email"
            autoComplete="username"
            initial={email}
            error={fields.email}
          />
          {screen !== 'forgot' && (
            <Field
              name="password"
              label="Password"
              type="password"
              autoComplete={screen === 'register' ? 'new-password' : 'current-password'}
              error={fields.password}
            />
          )}
        </>
      );
    case 'reset':
      return (
        <>
          {account}
          {code}
          {newPassword}
        </>
      );
    case 'new-password':
      return (
        <>
          {account}
          {newPassword}
        </>
      );
    case 'external':
      return (
        <Field
          name="token"
          label="Access token"
          type="password"
          autoComplete="off"
          error={fields.token}
        />
      );
    default:
      return code;
  }
}

/** Why nothing happens, what went well, or what is wrong with no field. */
function Message({ state, wait }: { state: FlowState; wait: number }): ReactElement {
  const online = useOnline();
  const { problem, notice } = state;

  return (
    <>
      <div className="auth-message bad" role="alert" hidden={problem === null}>
        {problem !== null && (
          <>
            <WarnIcon />
            <p>
              {problem}
              {wait > 0 && ' You can try again in a moment.'}
            </p>
          </>
        )}
      </div>
      <div className="auth-message" role="status" hidden={notice === null && online}>
        {!online && problem === null && (
          <>
            <WarnIcon />
            <p>This computer is offline. Your code is kept.</p>
          </>
        )}
        {online && notice !== null && (
          <>
            <CheckIcon />
            <p>{notice}</p>
          </>
        )}
      </div>
    </>
  );
}

function Resend({ flow, state }: { flow: SignInFlow; state: FlowState }): ReactElement {
  const wait = useCountdown(state.resendAt);

  return (
    <button
      type="button"
      className="link"
      aria-disabled={wait > 0 || state.busy}
      onClick={() => void flow.resend()}
    >
      {wait > 0 ? `Send a new code (in ${wait} s)` : 'Send a new code'}
    </button>
  );
}

function Links({ flow, state }: { flow: SignInFlow; state: FlowState }): ReactElement | null {
  const to = (screen: Screen, label: string): ReactNode => (
    <button
      type="button"
      className="link"
      onClick={(event) => {
        const email = event.currentTarget.form?.elements.namedItem('email');
        if (email instanceof HTMLInputElement) {
          flow.keepEmail(email.value);
        }
        flow.go(screen);
      }}
    >
      {label}
    </button>
  );

  switch (state.screen) {
    case 'sign-in':
      return (
        <div className="auth-links">
          {to('forgot', 'Forgot password?')}
          {to('register', 'Create an account')}
        </div>
      );
    case 'confirm':
    case 'reset':
      return (
        <div className="auth-links">
          <Resend flow={flow} state={state} />
          {to('sign-in', 'Back to sign in')}
        </div>
      );
    case 'external':
      return null;
    default:
      return <div className="auth-links">{to('sign-in', 'Back to sign in')}</div>;
  }
}

/** What to do where somebody else signs people in. */
function External(): ReactElement {
  return (
    <>
      <p>
        This server does not sign people in itself. Sign in where your organisation does it, then
        reload this page: your code is kept.
      </p>
      <p className="auth-or">
        Or bring an access token of your own. It is forgotten when you leave this page.
      </p>
    </>
  );
}

function inputsOf(form: HTMLFormElement | null, screen: Screen): HTMLInputElement[] {
  return ASKS[screen]
    .map((name) => form?.elements.namedItem(name))
    .filter((element) => element instanceof HTMLInputElement);
}

/** The focus goes to what is to be filled in, or to what is wrong with it. */
function useFocus({ screen, refusals }: FlowState): RefObject<HTMLFormElement | null> {
  const form = useRef<HTMLFormElement>(null);

  useEffect(() => {
    const inputs = inputsOf(form.current, screen);
    (inputs.find((input) => input.value === '') ?? inputs[0])?.focus();
  }, [screen]);
  useEffect(() => {
    const inputs = refusals === 0 ? [] : inputsOf(form.current, screen);
    const wrong = inputs.find((input) => input.getAttribute('aria-invalid') === 'true');
    wrong?.focus();
    wrong?.select();
  }, [screen, refusals]);
  return form;
}

/** Signing in, as a dialog over the page; what is on the page stays. */
export default function SignIn(): ReactElement {
  const [flow] = useState(createFlow);
  const state = useStore(flow.store);
  const wait = useCountdown(state.retryAt);
  const dialog = useRef<HTMLDialogElement>(null);
  const signedIn = useAuth(({ status }) => status !== 'out');
  const text = TEXTS[state.screen];
  const says = lead(state);

  useEffect(() => {
    if (dialog.current?.open === false) {
      dialog.current.showModal();
    }
  }, []);
  // After the dialog has opened, which moves the focus itself.
  const form = useFocus(state);

  useEffect(() => {
    if (signedIn) {
      dialog.current?.close();
    }
  }, [signedIn]);

  const onClose = (): void => {
    flow.close();
    const { status } = useAuth.getState();
    useAuth.setState(
      status === 'out' ? { dialogOpen: false, offerRun: false } : { dialogOpen: false },
    );
    if (document.activeElement === document.body) {
      editor().focus();
    }
  };
  const onSubmit = (event: FormEvent<HTMLFormElement>): void => {
    event.preventDefault();
    const data = new FormData(event.currentTarget);
    const values: Values = {};
    for (const name of ASKS[state.screen]) {
      const value = data.get(name);
      values[name] = typeof value === 'string' ? value : '';
    }
    void flow.submit(values);
  };
  const label = state.busy ? text.busy : text.submit;

  return (
    <dialog
      ref={dialog}
      className="sheet auth"
      aria-labelledby="auth-title"
      data-screen={state.screen}
      onClose={onClose}
    >
      <header>
        <h2 id="auth-title">{text.title}</h2>
        <button
          type="button"
          className="icon-button"
          aria-label="Close"
          onClick={() => dialog.current?.close()}
        >
          <CrossIcon />
        </button>
      </header>
      <form
        key={state.screen}
        ref={form}
        method="post"
        noValidate
        onSubmit={onSubmit}
        aria-busy={state.busy}
      >
        {state.screen === 'external' && <External />}
        {says !== null && <p>{says}</p>}
        <Message state={state} wait={wait} />
        {!window.isSecureContext && (
          <div className="auth-message bad">
            <WarnIcon />
            <p>
              This page did not come by https: others on the way can read what you type, and a
              reload signs you out.
            </p>
          </div>
        )}
        <Fields state={state} />
        <button type="submit" className="run auth-submit" aria-disabled={state.busy || wait > 0}>
          {wait > 0 ? `${text.submit} (in ${wait} s)` : label}
        </button>
        <Links flow={flow} state={state} />
      </form>
    </dialog>
  );
}
