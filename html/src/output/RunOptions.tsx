import { useState } from 'react';
import type { ReactElement } from 'react';
import type { Language, LanguageLimits } from '../api/types';
import { editArgs, setLimit, useDraft } from '../editor/draft';
import { splitArgs } from '../run/options';
import { OptionsIcon } from '../ui/icons';

interface LimitText {
  name: keyof LanguageLimits;
  label: string;
  unit: string;
  /** How many of the server's units one unit of the field is. */
  scale: number;
}

const LIMITS: readonly LimitText[] = [
  { name: 'timeout_ms', label: 'Time', unit: 's', scale: 1000 },
  { name: 'cpu_ms', label: 'CPU time', unit: 's', scale: 1000 },
  { name: 'memory_mb', label: 'Memory', unit: 'MB', scale: 1 },
  { name: 'output_kb', label: 'Output', unit: 'KB', scale: 1 },
  { name: 'processes', label: 'Processes', unit: '', scale: 1 },
];

interface LimitFieldProps {
  text: LimitText;
  limits: LanguageLimits;
}

/** One limit; empty is the default. What is not allowed is not taken. */
function LimitField({ text, limits }: LimitFieldProps): ReactElement {
  const { name, label, unit, scale } = text;
  const chosen = useDraft((state) => state.limits[name]);
  const [typed, setTyped] = useState(chosen === undefined ? '' : String(chosen / scale));
  const { default: usual, max } = limits[name];
  const value = Math.round(Number(typed) * scale);
  const bad = typed !== '' && !(value >= 1 && value <= max);
  const id = `limit-${name}`;

  return (
    <div className="option">
      <label htmlFor={id}>
        {label}
        {unit !== '' && ` (${unit})`}
      </label>
      <input
        id={id}
        type="text"
        inputMode="decimal"
        autoComplete="off"
        placeholder={String(usual / scale)}
        value={typed}
        aria-invalid={bad}
        aria-describedby={`${id}-note`}
        onChange={(event) => {
          const next = event.currentTarget.value.trim();
          const number = Math.round(Number(next) * scale);
          setTyped(next);
          setLimit(name, next !== '' && number >= 1 && number <= max ? number : undefined);
        }}
      />
      <p id={`${id}-note`} className={bad ? 'bad' : undefined}>
        {bad && 'Not taken: '}up to {(max / scale).toLocaleString('en')}
      </p>
    </div>
  );
}

/** The command line and the limits of the next run, in a popover. */
export function RunOptions({ language }: { language: Language }): ReactElement {
  const args = useDraft((state) => state.args);
  const limited = useDraft((state) => Object.keys(state.limits).length > 0);
  const openQuote = splitArgs(args) === null;
  const [open, setOpen] = useState(false);

  return (
    <div className="actions">
      <button
        type="button"
        className="options-button"
        popoverTarget="run-options"
        aria-expanded={open}
      >
        <OptionsIcon />
        Arguments and limits
        {(args !== '' || limited) && <span className="dot" aria-label="set" role="img" />}
      </button>
      <div
        id="run-options"
        popover="auto"
        className="run-options"
        role="group"
        aria-label="Arguments and limits"
        onToggle={(event) => setOpen(event.newState === 'open')}
      >
        <div className="option">
          <label htmlFor="run-args">Arguments</label>
          <input
            id="run-args"
            type="text"
            placeholder="--size 3 'two words'"
            value={args}
            aria-invalid={openQuote}
            aria-describedby="run-args-note"
            autoComplete="off"
            autoCapitalize="none"
            autoCorrect="off"
            spellCheck={false}
            onChange={(event) => editArgs(event.currentTarget.value)}
          />
          <p id="run-args-note" className={openQuote ? 'bad' : undefined}>
            {openQuote ? 'A quote is not closed' : 'Split at blanks, as a shell does'}
          </p>
        </div>
        <fieldset>
          <legend>Limits of a run</legend>
          {LIMITS.map((text) => (
            <LimitField key={`${language.id}-${text.name}`} text={text} limits={language.limits} />
          ))}
        </fieldset>
      </div>
    </div>
  );
}
