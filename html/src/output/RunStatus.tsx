import type { ReactElement } from 'react';
import { FALLBACK_LANGUAGE } from '../api/queries';
import type { Job } from '../api/types';
import { clock, memory, seconds } from '../run/format';
import { outcomeOf, refusalOf } from '../run/sentence';
import type { Outcome } from '../run/sentence';
import { isActive, useRun } from '../run/store';
import type { RunState } from '../run/store';
import { useCountdown, useElapsed } from '../run/time';
import { CheckIcon, ClockIcon, CrossIcon, StopIcon, WarnIcon } from '../ui/icons';

/** How the last run ended, or why it did not start; null while one runs. */
export function outcome(state: RunState): Outcome | null {
  if (state.phase === 'finished' && state.result !== null) {
    return outcomeOf(state.result, state.limits ?? FALLBACK_LANGUAGE.limits);
  }
  if (state.phase === 'refused' && state.problem !== null) {
    return refusalOf(state.problem);
  }
  return null;
}

function phaseTitle(state: RunState): string {
  if (state.stopping) {
    return 'Stopping…';
  }
  if (state.connection.status === 'signed-out') {
    return 'Signed out';
  }
  if (state.connection.status !== 'open') {
    return 'Reconnecting…';
  }
  return state.phase === 'running' ? 'Running' : 'Queued';
}

function Ticking(): ReactElement {
  const state = useRun();
  const elapsed = useElapsed(state.clockFrom);

  return (
    <div className="status active" data-phase={state.phase}>
      <span className="pulse" aria-hidden="true" />
      <strong>{phaseTitle(state)}</strong>
      <span className="clock">{clock(elapsed)}</span>
    </div>
  );
}

function Figures({ job }: { job: Job }): ReactElement {
  const figures: readonly (readonly [string, string, string | null])[] = [
    ['Time', 'Wall time', job.execution_time_ms === null ? null : seconds(job.execution_time_ms)],
    ['CPU', 'CPU time', job.cpu_time_ms === null ? null : seconds(job.cpu_time_ms)],
    ['Memory', 'Peak memory', job.memory_peak_kb === null ? null : memory(job.memory_peak_kb)],
  ];
  return (
    <dl className="figures">
      {figures.map(
        ([label, title, value]) =>
          value !== null && (
            <div key={label} title={title}>
              <dt>{label}</dt>
              <dd>{value}</dd>
            </div>
          ),
      )}
    </dl>
  );
}

function toneIcon({ tone, title }: Outcome): ReactElement {
  if (tone === 'good') {
    return <CheckIcon />;
  }
  if (tone === 'quiet') {
    return <StopIcon />;
  }
  if (title === 'Timed out') {
    return <ClockIcon />;
  }
  return title === 'Failed' ? <CrossIcon /> : <WarnIcon />;
}

/** Phase and clock while a program runs, then how it ended and what it took. */
export function RunStatus(): ReactElement | null {
  const state = useRun();
  const wait = useCountdown(state.retryAt);
  const ended = outcome(state);

  if (isActive(state.phase)) {
    return <Ticking />;
  }
  if (ended === null) {
    return null;
  }
  return (
    <div
      className={`status ${ended.tone}`}
      data-phase={state.phase}
      data-job={state.result?.status}
    >
      {toneIcon(ended)}
      <p>
        <strong>{ended.title}</strong>
        <span className="sentence">
          {ended.sentence}
          {wait > 0 && `. Next try in ${wait} s`}
          {state.result?.truncated === true && '. The output was cut at its limit'}
        </span>
      </p>
      {state.result !== null && state.result.status !== 'error' && <Figures job={state.result} />}
    </div>
  );
}
