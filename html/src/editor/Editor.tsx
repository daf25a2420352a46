import { useCallback, useEffect, useRef, useState } from 'react';
import type { ReactElement } from 'react';
import type { Language } from '../api/types';
import { useUi } from '../ui/store';
import { useMedia, useTheme } from '../ui/theme';
import { editCode, useDraft } from './draft';
import { setEditor } from './handle';
import type { MonacoEditor } from './monaco';
import { PlainEditor } from './PlainEditor';

type MonacoModule = typeof import('./monaco');

/** Monaco is heavy and has no touch support: phones keep the plain editor. */
const WIDE = '(min-width: 600px)';

function afterPaint(): Promise<void> {
  return new Promise((resolve) => {
    requestAnimationFrame(() => setTimeout(resolve, 0));
  });
}

/** Loads Monaco once it is wanted; null until then, or when it cannot load. */
function useMonaco(wanted: boolean): MonacoModule | null {
  const [module, setModule] = useState<MonacoModule | null>(null);

  useEffect(() => {
    if (!wanted || module !== null) {
      return;
    }
    let gone = false;
    afterPaint()
      .then(() => import('./monaco'))
      .then((loaded) => {
        if (!gone) {
          setModule(loaded);
        }
      })
      .catch(() => {
        // The plain editor stays; a stale page is told by vite:preloadError.
      });
    return () => {
      gone = true;
    };
  }, [wanted, module]);
  return module;
}

/** Carries selection, scroll position and focus into Monaco. */
function takeOver(instance: MonacoEditor, area: HTMLTextAreaElement): void {
  const model = instance.getModel();
  if (model === null) {
    return;
  }
  const from = model.getPositionAt(area.selectionStart);
  const to = model.getPositionAt(area.selectionEnd);
  const focused = document.activeElement === area;

  instance.setSelection({
    startLineNumber: from.lineNumber,
    startColumn: from.column,
    endLineNumber: to.lineNumber,
    endColumn: to.column,
  });
  instance.setScrollTop(area.scrollTop);
  if (focused) {
    instance.focus();
  }
}

function connect(instance: MonacoEditor, module: MonacoModule): () => void {
  const disposables = [
    instance.onDidChangeModelContent(() => {
      const value = instance.getValue();
      if (value !== useDraft.getState().code) {
        editCode(value);
        module.markError(instance, null);
      }
    }),
    instance.onDidChangeCursorPosition(({ position }) => {
      useUi.setState({ cursor: { line: position.lineNumber, column: position.column } });
    }),
  ];
  const unsubscribe = useDraft.subscribe((state, previous) => {
    const model = instance.getModel();
    if (state.revision !== previous.revision && model !== null) {
      // Of the model, as the editor may be read-only.
      model.pushStackElement();
      model.pushEditOperations(
        [],
        [{ range: model.getFullModelRange(), text: state.code }],
        () => null,
      );
      model.pushStackElement();
    }
  });
  setEditor({
    focus: () => instance.focus(),
    goToLine: (line) => {
      instance.setPosition({ lineNumber: line, column: 1 });
      instance.revealLineInCenterIfOutsideViewport(line);
      instance.focus();
    },
    mark: (error) => module.markError(instance, error),
  });
  return () => {
    setEditor(null);
    unsubscribe();
    for (const disposable of disposables) {
      disposable.dispose();
    }
  };
}

interface EditorProps {
  language: Language;
}

/** The code: a plain editor from the first paint, Monaco when it has come. */
export function Editor({ language }: EditorProps): ReactElement {
  const theme = useTheme();
  const wide = useMedia(WIDE);
  const module = useMonaco(wide);
  const host = useRef<HTMLDivElement>(null);
  const area = useRef<HTMLTextAreaElement | null>(null);
  const [instance, setInstance] = useState<MonacoEditor | null>(null);
  // An input method must finish its word before its field is replaced.
  const [composing, setComposing] = useState(false);
  const mine = useDraft((state) => state.mine);
  const label = `Code, main.${language.extension}, ${language.name}`;

  const setArea = useCallback((element: HTMLTextAreaElement | null) => {
    area.current = element;
  }, []);

  useEffect(() => {
    if (module === null || host.current === null || composing) {
      return undefined;
    }
    const created = module.createEditor(host.current, useDraft.getState().code);
    const plain = area.current;
    if (plain !== null) {
      takeOver(created, plain);
    }
    setInstance(created);
    useUi.setState({ editor: 'monaco' });
    document.fonts.ready.then(module.remeasure, () => {});
    return () => {
      created.getModel()?.dispose();
      created.dispose();
      setInstance(null);
      useUi.setState({ editor: 'plain' });
    };
  }, [module, composing]);

  useEffect(
    () => (instance === null || module === null ? undefined : connect(instance, module)),
    [instance, module],
  );

  useEffect(() => {
    if (instance !== null) {
      module?.describe(instance, language.monaco, label);
    }
  }, [module, instance, language.monaco, label]);

  useEffect(() => {
    instance?.updateOptions({
      readOnly: !mine,
      readOnlyMessage: { value: 'Another tab is editing this code.' },
    });
  }, [instance, mine]);

  useEffect(() => {
    module?.setTheme(theme);
  }, [module, theme]);

  return (
    <div className="editor">
      {module !== null && <div className="monaco-host" ref={host} />}
      {instance === null && (
        <PlainEditor label={label} elementRef={setArea} onComposing={setComposing} />
      )}
    </div>
  );
}
