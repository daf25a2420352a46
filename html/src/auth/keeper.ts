import { ApiError, read, send } from '../api/http';
import { useAuth } from './store';
import type { AuthUser, Renewal, Session } from './store';

/** What the server says to a good login, challenge or refresh. */
export interface WireSession {
  access_token: string;
  expires_in: number;
  user: AuthUser;
}

/** What tabs of one browser tell each other; never kept anywhere. */
export type TabMessage =
  | { type: 'ask' }
  | { type: 'session'; session: Session; at: number }
  | { type: 'over'; ended: boolean };

/** What the keeper needs from the outside; replaced in tests. */
export interface KeeperPorts {
  post(path: string, body: object, token: string | null): Promise<unknown>;
  me(token: string | null): Promise<{ user: AuthUser; expires_at?: string }>;
  tell(message: TabMessage): void;
  listen(heard: (message: TabMessage) => void): void;
  /** Runs `task` while no other tab runs one. */
  alone<T>(task: () => Promise<T>): Promise<T>;
  /** Whether there are other tabs that could answer. */
  others(): Promise<boolean>;
  /** When any tab got its last token (Date.now()), null for never. */
  stamp(): number | null;
  setStamp(at: number | null): void;
  random(): number;
}

const LEAD_MS = 60_000;
const LEAD_SHARE = 0.2;
const ANSWER_WITHIN_MS = 2_000;
const TIMER_MAX_MS = 2 ** 31 - 1;
const RETRY_S = [2, 4, 8, 16, 32, 60];

/** How long before its end a token of that life is renewed. */
export function leadOf(lifeMs: number): number {
  return Math.min(LEAD_MS, lifeMs * LEAD_SHARE);
}

/**
 * Keeps the session of this page: renews its token before it ends, in one tab
 * for all of them, and tells the others. The refresh token is a cookie that no
 * script sees and that may change with every use, so two tabs must never use
 * it at once: a lock of the browser orders them, and who waited for it first
 * asks the others for what they got meanwhile.
 *
 * A server that cannot be asked ends no session; only its 401 does.
 */
export class SessionKeeper {
  readonly #ports: KeeperPorts;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #flight: Promise<Renewal> | null = null;
  /** When the token of this page was got. */
  #at = 0;
  /** When it is time to renew. */
  #due = Infinity;
  #failures = 0;
  #heard: (() => void) | null = null;

  constructor(ports: KeeperPorts) {
    this.#ports = ports;
    ports.listen((message) => this.#onTab(message));
  }

  /** Takes up the session of another tab or of before the reload. */
  resume(): Promise<Renewal> {
    return this.renew();
  }

  /** Gets a newer token; calls at the same time share one request. */
  renew(): Promise<Renewal> {
    const before = this.#at;
    this.#flight ??= this.#ports
      .alone(() => this.#renew(before))
      .finally(() => {
        this.#flight = null;
      });
    return this.#flight;
  }

  /** Renews when it is time, after a sleep of the machine for example. */
  look(): void {
    if (useAuth.getState().status === 'in' && Date.now() >= this.#due) {
      void this.renew();
    }
  }

  /** Somebody signed in by the form. */
  signedIn(wire: WireSession): void {
    const at = Date.now();
    this.#adopt(
      { token: wire.access_token, user: wire.user, expiresAt: at + wire.expires_in * 1000 },
      at,
    );
    this.#share();
  }

  /** A token of elsewhere that the user brought; it cannot be renewed. */
  async useToken(token: string): Promise<void> {
    const me = await this.#ports.me(token);
    this.#adopt({ token, user: me.user, expiresAt: endOf(me.expires_at) }, Date.now());
    this.#share();
  }

  /** A cookie says who it is. */
  byCookie(user: AuthUser, expires: string | undefined): void {
    this.#adopt({ token: null, user, expiresAt: endOf(expires) }, Date.now());
  }

  /** Ends the session here and in all tabs; with `everywhere` on all machines. */
  async signOut(everywhere: boolean): Promise<void> {
    const { session } = useAuth.getState();
    if (everywhere && session !== null && Date.now() >= this.#due) {
      await this.renew();
    }
    const token = useAuth.getState().session?.token ?? null;
    try {
      // A renewal that is under way in any tab must not come after it.
      await this.#ports.alone(() => this.#ports.post('/auth/logout', { everywhere }, token));
    } catch (error) {
      // 404: a server that signs nobody in has nothing to sign out of.
      if (!(error instanceof ApiError && (error.status === 401 || error.status === 404))) {
        throw error;
      }
    }
    this.#over(false);
    this.#ports.setStamp(null);
    this.#ports.tell({ type: 'over', ended: false });
  }

  /** `before`: when the token that is to be renewed was got. */
  async #renew(before: number): Promise<Renewal> {
    if (await this.#fromOthers(before)) {
      return 'renewed';
    }
    const { session, login } = useAuth.getState();
    try {
      if (session !== null && session.token === null) {
        const me = await this.#ports.me(null);
        this.byCookie(me.user, me.expires_at);
      } else if (login) {
        this.signedIn((await this.#ports.post('/auth/refresh', {}, null)) as WireSession);
      } else {
        this.#over(session !== null);
        return 'signed-out';
      }
      return 'renewed';
    } catch (error) {
      return this.#failed(error);
    }
  }

  #failed(error: unknown): Renewal {
    if (error instanceof ApiError && error.status === 401) {
      const ended = useAuth.getState().session !== null;
      this.#over(ended);
      this.#ports.setStamp(null);
      if (ended) {
        this.#ports.tell({ type: 'over', ended });
      }
      return 'signed-out';
    }
    if (useAuth.getState().session === null) {
      // Before anybody was in: the way in is shown, and this goes on trying.
      useAuth.setState({ status: 'out' });
    }
    const wait = RETRY_S[Math.min(this.#failures, RETRY_S.length - 1)] ?? 60;
    const told = error instanceof ApiError ? error.retryAfter : null;
    this.#failures += 1;
    this.#arm(Date.now() + (told ?? wait) * 1000);
    return 'later';
  }

  /** What another tab got since this one did. */
  async #fromOthers(before: number): Promise<boolean> {
    const stamp = this.#ports.stamp();
    if (this.#at > before) {
      return true;
    }
    if (stamp === null || stamp <= before || !(await this.#ports.others())) {
      return false;
    }
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, ANSWER_WITHIN_MS);
      this.#heard = () => {
        clearTimeout(timer);
        resolve();
      };
      this.#ports.tell({ type: 'ask' });
    });
    this.#heard = null;
    return this.#at > before;
  }

  #onTab(message: TabMessage): void {
    const { session, status } = useAuth.getState();
    if (message.type === 'ask') {
      if (session !== null && Date.now() < this.#due) {
        this.#share();
      }
    } else if (message.type === 'session') {
      if (message.at > this.#at && message.session.expiresAt > Date.now()) {
        this.#adopt(message.session, message.at);
        this.#heard?.();
      }
    } else if (status === 'in') {
      this.#over(message.ended);
    }
  }

  #share(): void {
    const { session } = useAuth.getState();
    if (session !== null && session.token !== null) {
      this.#ports.setStamp(this.#at);
      this.#ports.tell({ type: 'session', session, at: this.#at });
    }
  }

  #adopt(session: Session, at: number): void {
    this.#at = at;
    this.#failures = 0;
    useAuth.setState({ status: 'in', session, ended: false });
    const lead = leadOf(session.expiresAt - at);
    // Tabs do not all wake at once.
    this.#arm(session.expiresAt - lead * (1 - this.#ports.random() / 4));
  }

  #over(ended: boolean): void {
    clearTimeout(this.#timer);
    this.#due = Infinity;
    this.#at = 0;
    useAuth.setState({ status: 'out', session: null, ended });
  }

  #arm(due: number): void {
    this.#due = due;
    clearTimeout(this.#timer);
    if (Number.isFinite(due)) {
      const wait = Math.min(Math.max(due - Date.now(), 0), TIMER_MAX_MS);
      this.#timer = setTimeout(() => void this.renew(), wait);
    }
  }
}

function endOf(expires: string | undefined): number {
  const end = expires === undefined ? NaN : Date.parse(expires);
  return Number.isNaN(end) ? Infinity : end;
}

const NAME = 'coderemote.auth';

function stampOf(): number | null {
  try {
    const text = localStorage.getItem(NAME);
    return text === null ? null : Number(text);
  } catch {
    return null;
  }
}

function setStamp(at: number | null): void {
  try {
    if (at === null) {
      localStorage.removeItem(NAME);
    } else {
      localStorage.setItem(NAME, String(at));
    }
  } catch {
    // Without storage tabs renew each for itself.
  }
}

const TABS = `${NAME}.tabs`;

async function otherTabs(): Promise<boolean> {
  if (!('locks' in navigator)) {
    return false;
  }
  const { held = [] } = await navigator.locks.query();
  return held.filter(({ name }) => name === TABS).length > 1;
}

/** Each tab holds its part of a shared lock, so that they can be counted. */
function countTab(): void {
  if ('locks' in navigator) {
    void navigator.locks.request(TABS, { mode: 'shared' }, () => new Promise(() => {}));
  }
}

/** The keeper with the browser's own channel, lock and events. */
export function pageKeeper(): SessionKeeper {
  const channel = new BroadcastChannel(NAME);
  const keeper = new SessionKeeper({
    post: (path, body, token) =>
      send(
        path,
        {
          method: 'POST',
          headers: { 'Content-Type': 'application/json' },
          body: JSON.stringify(body),
          // A reload must not lose the cookie of the answer.
          keepalive: true,
        },
        token,
      ).then((response) => read(response)),
    me: (token) =>
      send('/auth/me', { cache: 'no-store' }, token).then((response) => read(response)),
    tell: channel.postMessage.bind(channel),
    listen: (heard) =>
      channel.addEventListener('message', (event: MessageEvent<TabMessage>) => heard(event.data)),
    // Locks are missing where the page is not secure; so is the cookie there.
    alone: (task) => ('locks' in navigator ? navigator.locks.request(NAME, () => task()) : task()),
    others: otherTabs,
    stamp: stampOf,
    setStamp,
    random: Math.random,
  });
  countTab();
  const look = (): void => keeper.look();
  document.addEventListener('visibilitychange', look);
  window.addEventListener('online', look);
  return keeper;
}
