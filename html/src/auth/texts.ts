import type { ApiError } from '../api/http';

/** Every text of signing in that is more than a label beside its field. */

export type FieldName = 'email' | 'password' | 'code' | 'new_password' | 'token';

export const MISSING: Readonly<Record<FieldName, string>> = {
  email: 'Enter your email address.',
  password: 'Enter your password.',
  code: 'Enter the code.',
  new_password: 'Enter a new password.',
  token: 'Enter an access token.',
};

export const BAD_EMAIL = 'This is no email address: it looks like name@example.com.';
export const BAD_TOKEN = 'The server does not take this token. It may have expired.';

export const BROKEN = 'Signing in does not work just now. Your code is kept; try again.';

export const NOTICES = {
  registered:
    'If this address is new here, a code is on its way to it. If you have an account already, sign in.',
  unconfirmed: 'This address is not confirmed yet. Enter the code of the mail, or send a new one.',
  resent: 'If there is something to confirm, a new code is on its way.',
  forgot: 'If there is an account with this address, a code is on its way to it.',
  mustReset: 'A new password is needed. Enter the code of the mail, or send a new one.',
  confirmed: 'The address is confirmed. You can sign in now.',
  reset: 'The new password is set. You can sign in now.',
} as const;

/** What to show for a refusal: at a field, or at the form without one. */
export interface Explanation {
  field: FieldName | null;
  text: string;
  /** Seconds before which another try makes no sense; 0: none. */
  wait: number;
}

const BY_CODE: Readonly<Record<string, readonly [field: FieldName | null, text: string]>> = {
  invalid_credentials: ['password', 'The email address or the password is not right.'],
  code_mismatch: ['code', 'This code is not right. Check it and try again.'],
  code_expired: ['code', 'This code is too old. Send a new one.'],
  invalid_session: [null, 'That took too long. Sign in again.'],
  too_many_attempts: [null, 'Too many tries.'],
  auth_misconfigured: [
    null,
    'This server is not set up correctly for signing in; its log says more.',
  ],
  auth_unavailable: [null, 'Signing in does not work just now. Your code is kept.'],
  pool_unavailable: [null, 'Signing in does not work just now. Your code is kept.'],
  unreachable: [null, 'The server cannot be reached. Your code is kept; try again.'],
  http_error: [null, BROKEN],
};

const FIELDS: ReadonlySet<string> = new Set(['email', 'password', 'code', 'new_password']);

function isField(name: string | undefined): name is FieldName {
  return name !== undefined && FIELDS.has(name);
}

/** Cognito begins so; what comes after it is the news. */
const POLICY = /^Password did not conform with policy:\s*/;

function withStop(text: string): string {
  const trimmed = text.trim();
  const first = trimmed.charAt(0).toUpperCase() + trimmed.slice(1);
  return /[.!?]$/.test(first) ? first : `${first}.`;
}

/** `passwordField`: where this form asks for a password that is new. */
export function explain(error: ApiError, passwordField: FieldName): Explanation {
  const { code, detail, field } = error.problem;
  const wait = error.retryAfter ?? 0;

  if (code === 'weak_password') {
    const why = detail === '' ? 'Take a longer one.' : withStop(detail.replace(POLICY, ''));
    return { field: passwordField, text: `This password is too weak. ${why}`, wait };
  }
  const known = BY_CODE[code];
  if (known !== undefined) {
    return { field: known[0], text: known[1], wait };
  }
  if (error.status === 429) {
    return { field: null, text: 'Too many tries.', wait };
  }
  return { field: isField(field) ? field : null, text: withStop(detail), wait };
}
