import type { ReactElement } from 'react';
import { editInput, setKeepOpen, useDraft } from '../editor/draft';

/** Input that is written before the run. */
export function InputPane(): ReactElement {
  const input = useDraft((state) => state.input);
  const keepOpen = useDraft((state) => state.keepOpen);

  return (
    <div className="input-pane">
      <textarea
        aria-label="Prepared input"
        placeholder="What the program reads from standard input. Leave it empty to type while it runs."
        data-region-focus
        value={input}
        onChange={(event) => editInput(event.currentTarget.value)}
        spellCheck={false}
        autoCapitalize="off"
        autoComplete="off"
        autoCorrect="off"
        wrap="off"
      />
      <label className={input === '' ? 'check off' : 'check'}>
        <input
          type="checkbox"
          checked={input === '' || keepOpen}
          disabled={input === ''}
          onChange={(event) => setKeepOpen(event.currentTarget.checked)}
        />
        Keep the input open for typing after this text
      </label>
    </div>
  );
}
