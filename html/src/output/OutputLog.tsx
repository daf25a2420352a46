import { useEffect, useRef, useState } from 'react';
import type { ReactElement } from 'react';
import { editor } from '../editor/handle';
import { count } from '../run/format';
import { output } from '../run/session';
import { isActive, useRun } from '../run/store';
import { DownIcon } from '../ui/icons';
import { chord } from '../ui/platform';
import { showCode, useUi } from '../ui/store';
import { OutputView } from './view';
import { useOutput } from './useOutput';

function Empty(): ReactElement | null {
  const phase = useRun((state) => state.phase);
  if (isActive(phase) || phase === 'refused') {
    return null;
  }
  return (
    <p className="empty">
      {phase === 'finished' ? (
        'The program printed nothing.'
      ) : (
        <>
          Press <kbd>{chord('Mod', 'Enter')}</kbd> to run the program.
        </>
      )}
    </p>
  );
}

/** The output of the program, live. */
export function OutputLog(): ReactElement {
  const log = useRef<HTMLDivElement>(null);
  const view = useRef<OutputView | null>(null);
  const wrap = useUi((state) => state.wrap);
  const { empty, dropped } = useOutput();
  const [{ following, missed }, setFollow] = useState({ following: true, missed: 0 });

  useEffect(() => {
    const element = log.current;
    if (element === null) {
      return undefined;
    }
    const created = new OutputView(element, output, {
      onLine: (line) => {
        showCode();
        editor().goToLine(line);
      },
      onFollow: (nowFollowing, nowMissed) => {
        setFollow((old) =>
          old.following === nowFollowing && old.missed === nowMissed
            ? old
            : { following: nowFollowing, missed: nowMissed },
        );
      },
    });
    const observer = new ResizeObserver(() => created.resized());
    observer.observe(element);
    view.current = created;
    return () => {
      observer.disconnect();
      created.destroy();
      view.current = null;
    };
  }, []);

  return (
    <div className="log-frame">
      {dropped > 0 && (
        <p className="dropped">
          {count(dropped, 'earlier line')} left out here; copy and download have them.
        </p>
      )}
      <div
        ref={log}
        className={wrap ? 'log wrap' : 'log'}
        role="log"
        aria-live="off"
        aria-label="Output of the program"
        tabIndex={0}
        data-region-focus
      />
      {empty && <Empty />}
      {!following && (
        <button type="button" className="jump" onClick={() => view.current?.jumpToEnd()}>
          <DownIcon />
          {missed > 0 ? `Jump to end · ${count(missed, 'new line')}` : 'Jump to end'}
        </button>
      )}
    </div>
  );
}
