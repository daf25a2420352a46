import type { StoreApi } from 'zustand';
import { createStore } from 'zustand';
import { ApiError } from '../api/http';
import type { WireSession } from './keeper';
import { BAD_EMAIL, BAD_TOKEN, BROKEN, explain, MISSING, NOTICES } from './texts';
import type { FieldName } from './texts';

/**
 * sign-in       address and password
 * register      the same, for a new account
 * confirm       the code that was mailed to a new account
 * forgot        address, to get a code
 * reset         that code and a new password
 * mfa           the second factor of a sign-in
 * new-password  a sign-in that demands a new password
 * external      the server does not sign people in itself
 */
export type Screen =
  'sign-in' | 'register' | 'confirm' | 'forgot' | 'reset' | 'mfa' | 'new-password' | 'external';

type ChallengeName = 'SOFTWARE_TOKEN_MFA' | 'SMS_MFA' | 'NEW_PASSWORD_REQUIRED';

export interface Challenge {
  challenge: ChallengeName;
  session: string;
  destination?: string;
}

export interface FlowState {
  screen: Screen;
  email: string;
  challenge: Challenge | null;
  busy: boolean;
  /** Good news of the step before. */
  notice: string | null;
  fields: Partial<Record<FieldName, string>>;
  /** What is wrong with no field in particular. */
  problem: string | null;
  /** Date.now() before which another try makes no sense. */
  retryAt: number;
  /** Date.now() before which no other code is sent. */
  resendAt: number;
  /** Counts refusals, so that the same one twice is seen as two. */
  refusals: number;
}

/** What the forms need from the outside; replaced in tests. */
export interface FlowPorts {
  post(path: string, body: object): Promise<unknown>;
  signedIn(session: WireSession): void;
  useToken(token: string): Promise<void>;
}

export type Values = Partial<Record<FieldName, string>>;

const RESEND_AFTER_MS = 30_000;

/** What each screen asks for, in order. */
export const ASKS: Readonly<Record<Screen, readonly FieldName[]>> = {
  'sign-in': ['email', 'password'],
  register: ['email', 'password'],
  confirm: ['code'],
  forgot: ['email'],
  reset: ['code', 'new_password'],
  mfa: ['code'],
  'new-password': ['new_password'],
  external: ['token'],
};

const CLEAN = { busy: false, notice: null, fields: {}, problem: null, retryAt: 0 } as const;

function isChallenge(answer: unknown): answer is Challenge {
  return typeof answer === 'object' && answer !== null && 'challenge' in answer;
}

/** Codes are told in groups and copied with blanks. */
function tidy(name: FieldName, value: string): string {
  if (name === 'code') {
    return value.replace(/[\s-]/g, '');
  }
  return name === 'email' || name === 'token' ? value.trim() : value;
}

/** The forms of signing in: which one is shown, and what a submit does. */
export class SignInFlow {
  readonly store: StoreApi<FlowState>;
  readonly #ports: FlowPorts;
  /** To go on by itself after the address is confirmed; never leaves memory. */
  #password = '';

  constructor(ports: FlowPorts, login: boolean) {
    this.#ports = ports;
    this.store = createStore<FlowState>()(() => ({
      ...CLEAN,
      screen: login ? 'sign-in' : 'external',
      email: '',
      challenge: null,
      resendAt: 0,
      refusals: 0,
    }));
  }

  go(screen: Screen, notice: string | null = null): void {
    this.store.setState({ ...CLEAN, screen, notice });
  }

  /** Keeps an address over a change of the form, typed but not sent. */
  keepEmail(email: string): void {
    this.store.setState({ email: email.trim() });
  }

  async submit(values: Values): Promise<void> {
    const { screen, busy, retryAt } = this.store.getState();
    if (busy || Date.now() < retryAt) {
      return;
    }
    const given: Values = {};
    const fields: Partial<Record<FieldName, string>> = {};
    for (const name of ASKS[screen]) {
      const value = tidy(name, values[name] ?? '');
      given[name] = value;
      if (value === '') {
        fields[name] = MISSING[name];
      } else if (name === 'email' && !/^[^\s@]+@[^\s@]+$/.test(value)) {
        fields[name] = BAD_EMAIL;
      }
    }
    if (given.email !== undefined) {
      this.store.setState({ email: given.email });
    }
    if (Object.keys(fields).length > 0) {
      this.#refuse({ fields });
      return;
    }
    await this.#attempt(() => this.#send(screen, given));
  }

  /** Another code for `confirm` and `reset`. */
  async resend(): Promise<void> {
    const { screen, email, busy, resendAt } = this.store.getState();
    if (busy || Date.now() < resendAt) {
      return;
    }
    await this.#attempt(async () => {
      await this.#ports.post(screen === 'reset' ? '/auth/forgot' : '/auth/resend', { email });
      this.store.setState({
        notice: screen === 'reset' ? NOTICES.forgot : NOTICES.resent,
        resendAt: Date.now() + RESEND_AFTER_MS,
      });
    });
  }

  /** Forgets what was typed. */
  close(): void {
    this.#password = '';
  }

  async #attempt(action: () => Promise<void>): Promise<void> {
    this.store.setState({ busy: true, fields: {}, problem: null, retryAt: 0 });
    try {
      await action();
    } catch (error) {
      this.#failed(error);
    } finally {
      this.store.setState({ busy: false });
    }
  }

  async #send(screen: Screen, values: Values): Promise<void> {
    const { email } = this.store.getState();
    const password = values.password ?? '';
    const code = values.code ?? '';
    const fresh = values.new_password ?? '';

    switch (screen) {
      case 'sign-in':
        await this.#login(password);
        break;
      case 'register':
        await this.#ports.post('/auth/register', { email, password });
        this.#password = password;
        this.store.setState({ resendAt: Date.now() + RESEND_AFTER_MS });
        this.go('confirm', NOTICES.registered);
        break;
      case 'confirm':
        await this.#ports.post('/auth/confirm', { email, code });
        await this.#loginAgain(NOTICES.confirmed);
        break;
      case 'forgot':
        await this.#ports.post('/auth/forgot', { email });
        this.store.setState({ resendAt: Date.now() + RESEND_AFTER_MS });
        this.go('reset', NOTICES.forgot);
        break;
      case 'reset':
        await this.#ports.post('/auth/reset', { email, code, new_password: fresh });
        this.#password = fresh;
        await this.#loginAgain(NOTICES.reset);
        break;
      case 'mfa':
        await this.#answer({ code });
        break;
      case 'new-password':
        await this.#answer({ new_password: fresh });
        break;
      case 'external':
        await this.#bring(values.token ?? '');
        break;
      default:
        break;
    }
  }

  async #login(password: string): Promise<void> {
    this.#password = password;
    const { email } = this.store.getState();
    this.#took(await this.#ports.post('/auth/login', { email, password }));
  }

  /** Signs in with the password of the step before, if it is still known. */
  async #loginAgain(notice: string): Promise<void> {
    const password = this.#password;
    if (password === '') {
      this.go('sign-in', notice);
      return;
    }
    try {
      await this.#login(password);
    } catch (error) {
      if (error instanceof ApiError && error.status === 401) {
        // The address had an account with another password.
        this.go('sign-in', notice);
        return;
      }
      this.go('sign-in', notice);
      throw error;
    }
  }

  async #answer(part: object): Promise<void> {
    const { challenge, email } = this.store.getState();
    const { challenge: name, session } = challenge ?? {};
    this.#took(
      await this.#ports.post('/auth/challenge', { challenge: name, session, email, ...part }),
    );
  }

  async #bring(token: string): Promise<void> {
    try {
      await this.#ports.useToken(token.replace(/^Bearer\s+/i, ''));
    } catch (error) {
      if (error instanceof ApiError && error.status === 401) {
        this.#refuse({ fields: { token: BAD_TOKEN } });
        return;
      }
      throw error;
    }
  }

  #took(answer: unknown): void {
    if (isChallenge(answer)) {
      this.store.setState({ challenge: answer });
      this.go(answer.challenge === 'NEW_PASSWORD_REQUIRED' ? 'new-password' : 'mfa');
      return;
    }
    this.#password = '';
    this.#ports.signedIn(answer as WireSession);
  }

  #failed(error: unknown): void {
    if (!(error instanceof ApiError)) {
      this.#refuse({ problem: BROKEN });
      return;
    }
    const { screen } = this.store.getState();
    const { code } = error.problem;
    if (code === 'user_not_confirmed') {
      this.go('confirm', NOTICES.unconfirmed);
      return;
    }
    if (code === 'password_reset_required') {
      this.go('reset', NOTICES.mustReset);
      return;
    }
    if (code === 'invalid_session') {
      this.go('sign-in');
    }
    const isNew = screen === 'reset' || screen === 'new-password';
    const { field, text, wait } = explain(error, isNew ? 'new_password' : 'password');
    const asked = ASKS[this.store.getState().screen];
    this.#refuse({
      ...(field !== null && asked.includes(field)
        ? { fields: { [field]: text } }
        : { problem: text }),
      retryAt: wait === 0 ? 0 : Date.now() + wait * 1000,
    });
  }

  #refuse(what: Partial<FlowState>): void {
    this.store.setState((state) => ({
      fields: {},
      problem: null,
      notice: null,
      ...what,
      refusals: state.refusals + 1,
    }));
  }
}
