import type { ReactElement } from 'react';
import { count } from '../run/format';
import { outcome } from '../output/RunStatus';
import { output } from '../run/session';
import { useRun } from '../run/store';
import type { RunState } from '../run/store';

function sentence(state: RunState): string {
  if (state.phase === 'running') {
    return 'Running';
  }
  const ended = outcome(state);
  if (ended === null) {
    return '';
  }
  if (state.phase === 'refused') {
    return `${ended.title}. ${ended.sentence}.`;
  }
  return `${ended.title}. ${ended.sentence}. ${count(output.lineCount, 'line')} of output.`;
}

/** Tells screen readers once what happened; the output itself stays silent. */
export function Announcer(): ReactElement {
  const text = useRun(sentence);

  return (
    <div className="visually-hidden" role="status" aria-live="polite" id="announcer">
      {text}
    </div>
  );
}
