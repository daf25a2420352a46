import { flushDraft, reloadDraft, useDraft } from './draft';

/*
 * The stored code belongs to one tab at a time: two that both save would each
 * lose what the other has typed. The tab that holds the browser's lock edits
 * and saves; the others show the code as it is saved, and can take it over.
 */

type TabMessage = 'give' | 'given';

/** What the lock needs from the browser; replaced in tests. */
export interface LockPorts {
  /** As navigator.locks.request: holds the lock until the promise is kept. */
  request(options: LockOptions, held: () => Promise<void>): Promise<void>;
  tell(message: TabMessage): void;
  listen(heard: (message: TabMessage) => void): () => void;
}

/** A reload gets the lock of the page before it only a moment later. */
const OTHERS_AFTER_MS = 400;
const GIVEN_WITHIN_MS = 400;

export class DraftLock {
  readonly #ports: LockPorts;
  #waiting: AbortController | null = null;
  #release: (() => void) | null = null;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #wanted = false;
  readonly #unlisten: () => void;

  constructor(ports: LockPorts) {
    this.#ports = ports;
    this.#unlisten = ports.listen((message) => this.#onTab(message));
    this.#timer = setTimeout(() => this.#show(false), OTHERS_AFTER_MS);
    this.#queue();
  }

  /** Makes this tab the one that edits; the other one saves first. */
  takeOver(): void {
    if (this.#release !== null) {
      // It was given away to a tab that did not take it.
      this.#show(true);
      return;
    }
    this.#wanted = true;
    this.#ports.tell('give');
    this.#timer = setTimeout(() => this.#steal(), GIVEN_WITHIN_MS);
  }

  stop(): void {
    clearTimeout(this.#timer);
    this.#unlisten();
    this.#waiting?.abort();
    this.#release?.();
  }

  #show(mine: boolean): void {
    useDraft.setState({ mine });
  }

  #queue(): void {
    const waiting = new AbortController();
    this.#waiting = waiting;
    this.#hold({ signal: waiting.signal });
  }

  #steal(): void {
    clearTimeout(this.#timer);
    this.#wanted = false;
    this.#waiting?.abort();
    this.#hold({ steal: true });
  }

  #hold(options: LockOptions): void {
    let granted = false;
    this.#ports
      .request(options, () => {
        granted = true;
        clearTimeout(this.#timer);
        if (!useDraft.getState().mine) {
          reloadDraft();
        }
        this.#show(true);
        return new Promise((resolve) => {
          this.#release = resolve;
        });
      })
      .catch(() => {
        // Not granted any more, or taken away: then it is waited for again.
        if (granted) {
          this.#release = null;
          this.#show(false);
          this.#queue();
        }
      });
  }

  #onTab(message: TabMessage): void {
    if (message === 'give' && this.#release !== null) {
      flushDraft();
      this.#show(false);
      this.#ports.tell('given');
    } else if (message === 'given' && this.#wanted) {
      this.#steal();
    }
  }
}

const NAME = 'coderemote.draft';

let lock: DraftLock | null = null;

export function editHere(): void {
  lock?.takeOver();
}

/** Browsers without locks (and pages without TLS) go on without. */
export function startDraftLock(): () => void {
  if (!('locks' in navigator)) {
    return () => {};
  }
  const channel = new BroadcastChannel(NAME);
  const stored = (event: StorageEvent): void => {
    if (event.key === NAME && !useDraft.getState().mine) {
      reloadDraft();
    }
  };
  window.addEventListener('storage', stored);
  lock = new DraftLock({
    request: async (options, held) => {
      await navigator.locks.request(NAME, options, held);
    },
    tell: channel.postMessage.bind(channel),
    listen: (heard) => {
      const onMessage = (event: MessageEvent<TabMessage>): void => heard(event.data);
      channel.addEventListener('message', onMessage);
      return () => channel.removeEventListener('message', onMessage);
    },
  });
  return () => {
    window.removeEventListener('storage', stored);
    lock?.stop();
    lock = null;
    channel.close();
  };
}
