import { useState } from 'react';
import type { KeyboardEvent, ReactElement } from 'react';
import type { Language } from '../api/types';
import { useDraft } from '../editor/draft';
import { output } from '../run/session';
import { CheckIcon, ClearIcon, CopyIcon, DownloadIcon, WrapIcon } from '../ui/icons';
import type { PanelTab } from '../ui/store';
import { showTab, useUi } from '../ui/store';
import { InputPane } from './InputPane';
import { OutputLog } from './OutputLog';
import { RunOptions } from './RunOptions';
import { RunStatus } from './RunStatus';
import { StdinBar } from './StdinBar';
import { useOutput } from './useOutput';

const TABS: readonly { id: PanelTab; label: string }[] = [
  { id: 'output', label: 'Output' },
  { id: 'input', label: 'Input' },
];

function Tabs(): ReactElement {
  const tab = useUi((state) => state.tab);
  const hasInput = useDraft(
    (state) => state.input !== '' || state.args !== '' || Object.keys(state.limits).length > 0,
  );

  const onKeyDown = (event: KeyboardEvent<HTMLDivElement>): void => {
    if (event.key === 'ArrowLeft' || event.key === 'ArrowRight') {
      const next: PanelTab = tab === 'output' ? 'input' : 'output';
      event.preventDefault();
      showTab(next);
      document.getElementById(`tab-${next}`)?.focus();
    }
  };

  return (
    <div className="tabs" role="tablist" aria-label="Panel" tabIndex={-1} onKeyDown={onKeyDown}>
      {TABS.map(({ id, label }) => (
        <button
          key={id}
          id={`tab-${id}`}
          type="button"
          role="tab"
          aria-selected={tab === id}
          aria-controls={`panel-${id}`}
          tabIndex={tab === id ? 0 : -1}
          onClick={() => showTab(id)}
        >
          {label}
          {id === 'input' && hasInput && <span className="dot" aria-label="not empty" role="img" />}
        </button>
      ))}
    </div>
  );
}

function download(): void {
  const url = URL.createObjectURL(output.blob());
  const link = document.createElement('a');
  link.href = url;
  link.download = 'output.txt';
  link.click();
  setTimeout(() => URL.revokeObjectURL(url), 10_000);
}

function CopyButton({ disabled }: { disabled: boolean }): ReactElement {
  const [copied, setCopied] = useState(false);

  const copy = async (): Promise<void> => {
    await navigator.clipboard.writeText(output.text());
    setCopied(true);
    setTimeout(() => setCopied(false), 1500);
  };
  return (
    <button
      type="button"
      className="icon-button"
      aria-label={copied ? 'Copied' : 'Copy output'}
      title={copied ? 'Copied' : 'Copy output'}
      aria-disabled={disabled}
      onClick={() => {
        if (!disabled) {
          copy().catch(() => setCopied(false));
        }
      }}
    >
      {copied ? <CheckIcon /> : <CopyIcon />}
    </button>
  );
}

function Actions(): ReactElement {
  const wrap = useUi((state) => state.wrap);
  const { empty } = useOutput();

  return (
    <div className="actions">
      <button
        type="button"
        className="icon-button"
        aria-label="Wrap long lines"
        title="Wrap long lines"
        aria-pressed={wrap}
        onClick={() => useUi.setState({ wrap: !wrap })}
      >
        <WrapIcon />
      </button>
      <CopyButton disabled={empty} />
      <button
        type="button"
        className="icon-button"
        aria-label="Download output"
        title="Download output"
        aria-disabled={empty}
        onClick={() => {
          if (!empty) {
            download();
          }
        }}
      >
        <DownloadIcon />
      </button>
      <button
        type="button"
        className="icon-button"
        aria-label="Clear output"
        title="Clear output"
        aria-disabled={empty}
        onClick={() => output.clear()}
      >
        <ClearIcon />
      </button>
    </div>
  );
}

/** Output and prepared input, as two tabs. */
export function OutputPanel({ language }: { language: Language }): ReactElement {
  const tab = useUi((state) => state.tab);

  return (
    <section className="panel" aria-label="Output and input" data-region="panel">
      <div className="panel-bar">
        <Tabs />
        {tab === 'output' ? <Actions /> : <RunOptions language={language} />}
      </div>
      <div
        className="tab-panel"
        role="tabpanel"
        id="panel-output"
        aria-labelledby="tab-output"
        hidden={tab !== 'output'}
      >
        <RunStatus />
        <OutputLog />
        <StdinBar />
      </div>
      <div
        className="tab-panel"
        role="tabpanel"
        id="panel-input"
        aria-labelledby="tab-input"
        hidden={tab !== 'input'}
      >
        <InputPane />
      </div>
    </section>
  );
}
