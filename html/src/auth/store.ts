import { create } from 'zustand';

export interface AuthUser {
  id: string;
  email: string | null;
  groups: readonly string[];
}

/** Who is signed in. It lives in this page's memory alone, never in storage. */
export interface Session {
  /** null: a cookie that the page cannot read says who it is. */
  token: string | null;
  user: AuthUser;
  /** Date.now() at which the token is worth nothing. */
  expiresAt: number;
}

/** 'later': neither yes nor no, the server could not be asked. */
export type Renewal = 'renewed' | 'signed-out' | 'later';

/**
 * unknown  the server has not been asked yet
 * off      it wants nobody to sign in
 * in       `session` says who
 * out      it wants somebody, and there is nobody
 */
export type AuthStatus = 'unknown' | 'off' | 'in' | 'out';

export interface AuthState {
  status: AuthStatus;
  /** Whether this server signs people in itself. */
  login: boolean;
  session: Session | null;
  /** A session ended that the user did not end. */
  ended: boolean;
  dialogOpen: boolean;
  /** A run was wanted while nobody was signed in. */
  offerRun: boolean;
}

export const useAuth = create<AuthState>()(() => ({
  status: 'unknown',
  login: false,
  session: null,
  ended: false,
  dialogOpen: false,
  offerRun: false,
}));

export function openSignIn(): void {
  useAuth.setState({ dialogOpen: true });
}
