import { useEffect, useLayoutEffect, useRef } from 'react';
import type { KeyboardEvent, ReactElement, UIEvent } from 'react';
import { useUi } from '../ui/store';
import { editCode, useDraft } from './draft';
import { setEditor } from './handle';
import { LINE_HEIGHT } from './metrics';

const INDENT = '    ';

interface PlainEditorProps {
  label: string;
  /** Hands the element over to whoever replaces it by Monaco. */
  elementRef: (element: HTMLTextAreaElement | null) => void;
  onComposing: (composing: boolean) => void;
}

/** Inserts as typing does, so that the browser's undo still works. */
function insert(area: HTMLTextAreaElement, text: string): void {
  if (!document.execCommand('insertText', false, text)) {
    area.setRangeText(text, area.selectionStart, area.selectionEnd, 'end');
    area.dispatchEvent(new Event('input', { bubbles: true }));
  }
}

/** Indentation for the line after the one that the caret is on. */
export function indentAfter(before: string): string {
  const line = before.slice(before.lastIndexOf('\n') + 1);
  const indent = /^[ \t]*/.exec(line)?.[0] ?? '';
  return /:\s*(?:#.*)?$/.test(line) ? indent + INDENT : indent;
}

function reportCursor(area: HTMLTextAreaElement): void {
  const before = area.value.slice(0, area.selectionEnd);
  const lineStart = before.lastIndexOf('\n') + 1;
  const line = before.split('\n').length;
  useUi.setState({ cursor: { line, column: before.length - lineStart + 1 } });
}

/**
 * A textarea with line numbers: there from the first paint, replaced by Monaco
 * on wide screens, and the editor itself on phones and where Monaco fails.
 */
export function PlainEditor({ label, elementRef, onComposing }: PlainEditorProps): ReactElement {
  const code = useDraft((state) => state.code);
  const mine = useDraft((state) => state.mine);
  const area = useRef<HTMLTextAreaElement>(null);
  const gutter = useRef<HTMLDivElement>(null);
  const tabLeaves = useRef(false);
  const lines = code.split('\n').length;

  useLayoutEffect(() => {
    elementRef(area.current);
    return () => elementRef(null);
  }, [elementRef]);

  // Type at once. Not on touch screens, where focus raises the keyboard.
  useEffect(() => {
    const element = area.current;
    if (window.matchMedia('(pointer: fine)').matches && document.activeElement === document.body) {
      element?.setSelectionRange(0, 0);
      element?.focus();
    }
  }, []);

  useEffect(() => {
    setEditor({
      focus: () => area.current?.focus(),
      goToLine: (line) => {
        const element = area.current;
        if (element === null) {
          return;
        }
        const rows = element.value.split('\n');
        const start = rows.slice(0, line - 1).reduce((sum, row) => sum + row.length + 1, 0);
        element.focus();
        element.setSelectionRange(start, start + (rows[line - 1]?.length ?? 0));
        element.scrollTop = Math.max(0, (line - 4) * LINE_HEIGHT);
      },
      mark: () => {},
    });
    return () => setEditor(null);
  }, []);

  const onScroll = (event: UIEvent<HTMLTextAreaElement>): void => {
    if (gutter.current !== null) {
      gutter.current.scrollTop = event.currentTarget.scrollTop;
    }
  };

  // Tab indents; Escape first lets it leave, so the keyboard is never trapped.
  const onKeyDown = (event: KeyboardEvent<HTMLTextAreaElement>): void => {
    const chord = event.ctrlKey || event.metaKey || event.altKey;
    if (event.nativeEvent.isComposing || chord || event.currentTarget.readOnly) {
      return;
    }
    if (event.key === 'Escape') {
      tabLeaves.current = true;
      return;
    }
    if (event.key === 'Tab' && !event.shiftKey && !tabLeaves.current) {
      event.preventDefault();
      insert(event.currentTarget, INDENT);
    } else if (event.key === 'Enter' && !event.shiftKey) {
      event.preventDefault();
      const { value, selectionStart } = event.currentTarget;
      insert(event.currentTarget, `\n${indentAfter(value.slice(0, selectionStart))}`);
    }
    tabLeaves.current = false;
  };

  return (
    <div className="plain-editor">
      <div className="plain-gutter" aria-hidden="true" ref={gutter}>
        {Array.from({ length: lines }, (_, index) => index + 1).join('\n')}
      </div>
      <textarea
        ref={area}
        aria-label={label}
        data-region-focus
        value={code}
        readOnly={!mine}
        onChange={(event) => editCode(event.currentTarget.value)}
        onCompositionStart={() => onComposing(true)}
        onCompositionEnd={() => onComposing(false)}
        onKeyDown={onKeyDown}
        onScroll={onScroll}
        onSelect={(event) => reportCursor(event.currentTarget)}
        spellCheck={false}
        autoCapitalize="off"
        autoComplete="off"
        autoCorrect="off"
        wrap="off"
      />
    </div>
  );
}
