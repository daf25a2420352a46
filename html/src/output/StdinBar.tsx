import { useEffect, useLayoutEffect, useRef, useState } from 'react';
import type { KeyboardEvent, ReactElement, ReactNode } from 'react';
import { controller } from '../run/session';
import { useRun } from '../run/store';
import { chord } from '../ui/platform';
import { useUi } from '../ui/store';
import { usePrompting } from './useOutput';

/** Programs that end at once should not flash an input line. */
const SHOW_AFTER_MS = 300;

/** The lines sent so far, for the arrow keys. */
const history: string[] = [];

function StdinLine(): ReactElement {
  const field = useRef<HTMLInputElement>(null);
  const [at, setAt] = useState(history.length);
  const connected = useRun((state) => state.connection.status === 'open');
  const prompting = usePrompting();

  useLayoutEffect(() => {
    const element = field.current;
    if (useUi.getState().focusInput) {
      useUi.setState({ focusInput: false });
      element?.focus();
    }
    return () => {
      // The field goes with the program: its focus must not be lost.
      if (document.activeElement === element) {
        document.querySelector<HTMLElement>('.log')?.focus();
      }
    };
  }, []);

  const recall = (index: number): void => {
    const next = Math.min(Math.max(index, 0), history.length);
    setAt(next);
    if (field.current !== null) {
      field.current.value = history[next] ?? '';
    }
  };

  const send = (): void => {
    const line = field.current?.value ?? '';
    if (controller.stdin(`${line}\n`) && field.current !== null) {
      if (line !== '' && history.at(-1) !== line) {
        history.push(line);
      }
      setAt(history.length);
      field.current.value = '';
    }
    field.current?.focus();
  };

  const onKeyDown = (event: KeyboardEvent<HTMLInputElement>): void => {
    const { selectionStart, selectionEnd } = event.currentTarget;
    const control = event.ctrlKey && !event.metaKey && !event.altKey;
    if (event.nativeEvent.isComposing) {
      return;
    }
    if (event.key === 'Enter' && !control && !event.metaKey) {
      event.preventDefault();
      send();
    } else if (control && event.key.toLowerCase() === 'd') {
      event.preventDefault();
      controller.eof();
    } else if (control && event.key.toLowerCase() === 'c' && selectionStart === selectionEnd) {
      event.preventDefault();
      controller.interrupt();
    } else if (event.key === 'ArrowUp' || event.key === 'ArrowDown') {
      event.preventDefault();
      recall(event.key === 'ArrowUp' ? at - 1 : at + 1);
    }
  };

  return (
    <div className={prompting ? 'stdin prompting' : 'stdin'} data-region="stdin">
      <span className="prompt" aria-hidden="true">
        ›
      </span>
      <input
        ref={field}
        type="text"
        aria-label="Input for the running program"
        placeholder={
          prompting ? 'The program waits for a line (F6)' : 'Type a line for the program (F6)'
        }
        data-region-focus
        autoComplete="off"
        autoCapitalize="off"
        autoCorrect="off"
        spellCheck={false}
        enterKeyHint="send"
        onKeyDown={onKeyDown}
      />
      <button type="button" aria-disabled={!connected} title="Send the line (Enter)" onClick={send}>
        Send
      </button>
      <button
        type="button"
        aria-disabled={!connected}
        title={`Tell the program that there is no more input (${chord('Ctrl', 'D')})`}
        onClick={() => controller.eof()}
      >
        End input
      </button>
    </div>
  );
}

function Delayed({ children }: { children: ReactNode }): ReactNode {
  const [shown, setShown] = useState(false);

  useEffect(() => {
    const timer = setTimeout(() => setShown(true), SHOW_AFTER_MS);
    return () => clearTimeout(timer);
  }, []);
  return shown ? children : null;
}

/** One line of input for the program, there while it runs and its stdin is open. */
export function StdinBar(): ReactElement | null {
  const open = useRun((state) => state.phase === 'running' && state.stdinOpen && !state.stopping);
  return open ? (
    <Delayed>
      <StdinLine />
    </Delayed>
  ) : null;
}
