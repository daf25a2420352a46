import { ApiError, authorizeBy, read, send } from '../api/http';
import type { SessionKeeper } from './keeper';
import { useAuth } from './store';
import type { AuthUser, Renewal } from './store';

/*
 * What every page carries, whether the server wants people to sign in or not:
 * the question to the server. All else about signing in is loaded after it has
 * said that it does.
 */

const RETRY_MS = [500, 1_000, 2_000, 5_000, 10_000];

interface Me {
  auth: 'off' | 'jwt';
  user: AuthUser;
  expires_at?: string;
}

let keeper: SessionKeeper | null = null;
let asking: Promise<void> | null = null;

async function loadKeeper(): Promise<SessionKeeper> {
  if (keeper === null) {
    const { pageKeeper } = await import('./keeper');
    keeper = pageKeeper();
  }
  return keeper;
}

function isOff(me: unknown): boolean {
  return !(typeof me === 'object' && me !== null && 'auth' in me && me.auth === 'jwt');
}

function isPassing(status: number): boolean {
  return status === 0 || status === 429 || status >= 500;
}

/** Asks once; false: the server could not tell, ask again. */
async function ask(): Promise<boolean> {
  try {
    const me = await send('/auth/me', { cache: 'no-store' }, null).then((r) => read<Me>(r));
    if (isOff(me)) {
      useAuth.setState({ status: 'off', session: null });
    } else {
      (await loadKeeper()).byCookie(me.user, me.expires_at);
    }
    return true;
  } catch (error) {
    if (error instanceof TypeError) {
      // The rest of this page could not be loaded.
      return false;
    }
    if (error instanceof ApiError && error.status === 401) {
      useAuth.setState({ login: error.problem.login === true });
      await (await loadKeeper()).resume();
      return true;
    }
    if (error instanceof ApiError && isPassing(error.status)) {
      return false;
    }
    // An older server: 404, or its page in place of an answer.
    useAuth.setState({ status: 'off' });
    return true;
  }
}

async function askUntilTold(attempt = 0): Promise<void> {
  if (await ask()) {
    return;
  }
  const wait = RETRY_MS[Math.min(attempt, RETRY_MS.length - 1)];
  await new Promise((resolve) => {
    setTimeout(resolve, wait);
  });
  await askUntilTold(attempt + 1);
}

/** Learns whether the server wants somebody, and takes up the session. */
export function askWho(): Promise<void> {
  asking ??= askUntilTold().finally(() => {
    asking = null;
  });
  return asking;
}

/** Gets a newer token, or learns that there is none. */
export async function renewSession(): Promise<Renewal> {
  if (asking !== null) {
    await asking;
  } else if (useAuth.getState().status !== 'in') {
    // A server that begins to want tokens says so by refusing.
    await (useAuth.getState().status === 'out' ? undefined : askWho());
  } else {
    return keeper === null ? 'later' : keeper.renew();
  }
  const { status } = useAuth.getState();
  if (status === 'in') {
    return 'renewed';
  }
  return status === 'out' ? 'signed-out' : 'later';
}

export function accessToken(): string | null {
  return useAuth.getState().session?.token ?? null;
}

authorizeBy({
  token: accessToken,
  renew: async (token) => {
    const newer = accessToken();
    return (newer !== null && newer !== token) || (await renewSession()) === 'renewed';
  },
});

/** The keeper of this page; only where the server wants people to sign in. */
export function sessionKeeper(): SessionKeeper {
  if (keeper === null) {
    throw new Error('nobody signs in here');
  }
  return keeper;
}
