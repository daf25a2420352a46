/**
 * Monaco with the features that this page uses. Loaded as a chunk of its own
 * after the shell has painted.
 */
import * as monaco from 'monaco-editor/editor';
import { conf, language as grammar } from 'monaco-editor/languages/definitions/python/python';
import EditorWorker from 'monaco-editor/editor/editor.worker?worker';

import 'monaco-editor/features/bracketMatching/register';
import 'monaco-editor/features/caretOperations/register';
import 'monaco-editor/features/clipboard/register';
import 'monaco-editor/features/codicon/register';
import 'monaco-editor/features/comment/register';
import 'monaco-editor/features/contextmenu/register';
import 'monaco-editor/features/cursorUndo/register';
import 'monaco-editor/features/find/register';
import 'monaco-editor/features/folding/register';
import 'monaco-editor/features/gotoError/register';
import 'monaco-editor/features/gotoLine/register';
import 'monaco-editor/features/hover/register';
import 'monaco-editor/features/indentation/register';
import 'monaco-editor/features/lineSelection/register';
import 'monaco-editor/features/linesOperations/register';
import 'monaco-editor/features/links/register';
import 'monaco-editor/features/longLinesHelper/register';
import 'monaco-editor/features/multicursor/register';
import 'monaco-editor/features/quickCommand/register';
import 'monaco-editor/features/quickHelp/register';
import 'monaco-editor/features/smartSelect/register';
import 'monaco-editor/features/snippet/register';
import 'monaco-editor/features/suggest/register';
import 'monaco-editor/features/toggleTabFocusMode/register';
import 'monaco-editor/features/tokenization/register';
import 'monaco-editor/features/unicodeHighlighter/register';
import 'monaco-editor/features/wordHighlighter/register';
import 'monaco-editor/features/wordOperations/register';
import 'monaco-editor/features/wordPartOperations/register';
// In 0.57.0 features/suggest lacks the controller: no list would ever open.
import 'monaco-editor/editor/contrib/suggest/browser/suggestController';

import type { Theme } from '../ui/store';
import { FONT_FAMILY, FONT_SIZE, LINE_HEIGHT } from './metrics';

// Not by its lazy register: a first Enter after a colon must find the rules.
monaco.languages.register({ id: 'python', extensions: ['.py'], aliases: ['Python'] });
monaco.languages.setLanguageConfiguration('python', conf);
monaco.languages.setMonarchTokensProvider('python', grammar);

window.MonacoEnvironment = { getWorker: () => new EditorWorker() };

type Rules = Parameters<typeof monaco.editor.defineTheme>[1]['rules'];

function rules(
  colours: Record<'comment' | 'keyword' | 'string' | 'number' | 'tag', string>,
): Rules {
  const { comment, keyword, string, number, tag } = colours;
  return [
    { token: 'comment', foreground: comment },
    { token: 'keyword', foreground: keyword },
    { token: 'string', foreground: string },
    { token: 'string.escape', foreground: number },
    { token: 'number', foreground: number },
    { token: 'tag', foreground: tag },
  ];
}

// Every token and line number has a contrast of 4.5:1 at least.
monaco.editor.defineTheme('coderemote-light', {
  base: 'vs',
  inherit: true,
  rules: rules({
    comment: '5f6b65',
    keyword: '7b3fa6',
    string: '0b6b46',
    number: '9a4a06',
    tag: '11609c',
  }),
  colors: {
    'editor.background': '#ffffff',
    'editor.foreground': '#1b211e',
    'editorLineNumber.foreground': '#6a756f',
    'editorLineNumber.activeForeground': '#1b211e',
    'editor.lineHighlightBackground': '#f4f6f5',
    'editor.lineHighlightBorder': '#00000000',
    'editor.selectionBackground': '#cfe9dc',
    'editorCursor.foreground': '#0a7d4f',
    'editorIndentGuide.background1': '#e6eae8',
    'editorIndentGuide.activeBackground1': '#c4ccc8',
    'editorWidget.background': '#ffffff',
    'editorWidget.border': '#d5dad7',
    focusBorder: '#0a7d4f',
  },
});

monaco.editor.defineTheme('coderemote-dark', {
  base: 'vs-dark',
  inherit: true,
  rules: rules({
    comment: '8b9891',
    keyword: 'c9a6f2',
    string: '82d8ad',
    number: 'f0b27c',
    tag: '85bdf5',
  }),
  colors: {
    'editor.background': '#131716',
    'editor.foreground': '#e4e9e6',
    'editorLineNumber.foreground': '#7f8c86',
    'editorLineNumber.activeForeground': '#e4e9e6',
    'editor.lineHighlightBackground': '#191e1c',
    'editor.lineHighlightBorder': '#00000000',
    'editor.selectionBackground': '#1f4a38',
    'editorCursor.foreground': '#34c98a',
    'editorIndentGuide.background1': '#242a28',
    'editorIndentGuide.activeBackground1': '#3b4541',
    'editorWidget.background': '#1a1f1d',
    'editorWidget.border': '#303836',
    focusBorder: '#34c98a',
  },
});

export type MonacoEditor = monaco.editor.IStandaloneCodeEditor;

export function setTheme(theme: Theme): void {
  monaco.editor.setTheme(`coderemote-${theme}`);
}

/** Sets the language and the name that screen readers tell. */
export function describe(instance: MonacoEditor, language: string, label: string): void {
  const model = instance.getModel();
  if (model !== null) {
    monaco.editor.setModelLanguage(model, language);
  }
  instance.updateOptions({ ariaLabel: label });
}

export function createEditor(host: HTMLElement, value: string): MonacoEditor {
  const instance = monaco.editor.create(host, {
    value,
    accessibilitySupport: 'auto',
    automaticLayout: true,
    contextmenu: true,
    fixedOverflowWidgets: true,
    folding: false,
    fontFamily: FONT_FAMILY,
    fontLigatures: false,
    fontSize: FONT_SIZE,
    glyphMargin: false,
    guides: { indentation: true },
    hideCursorInOverviewRuler: true,
    lineDecorationsWidth: 12,
    lineHeight: LINE_HEIGHT,
    lineNumbersMinChars: 4,
    minimap: { enabled: false },
    occurrencesHighlight: 'singleFile',
    overviewRulerBorder: false,
    overviewRulerLanes: 0,
    padding: { top: 12, bottom: 12 },
    // The dimmed number of an empty last line has too little contrast.
    renderFinalNewline: 'on',
    renderLineHighlight: 'line',
    scrollBeyondLastLine: false,
    smoothScrolling: !window.matchMedia('(prefers-reduced-motion: reduce)').matches,
    stickyScroll: { enabled: false },
    tabSize: 4,
    unicodeHighlight: { ambiguousCharacters: true, invisibleCharacters: true },
    wordBasedSuggestions: 'currentDocument',
  });
  // Brackets in six colours are noise here; only the model can switch them off.
  instance.getModel()?.updateOptions({
    bracketColorizationOptions: { enabled: false, independentColorPoolPerBracketType: false },
  });
  return instance;
}

/** Monaco measures its font once; a web font may arrive later. */
export function remeasure(): void {
  monaco.editor.remeasureFonts();
}

export function markError(
  instance: MonacoEditor,
  error: { line: number; message: string } | null,
): void {
  const model = instance.getModel();
  if (model === null) {
    return;
  }
  if (error === null || error.line < 1 || error.line > model.getLineCount()) {
    monaco.editor.setModelMarkers(model, 'run', []);
    return;
  }
  monaco.editor.setModelMarkers(model, 'run', [
    {
      severity: monaco.MarkerSeverity.Error,
      message: error.message,
      startLineNumber: error.line,
      startColumn: model.getLineFirstNonWhitespaceColumn(error.line) || 1,
      endLineNumber: error.line,
      endColumn: model.getLineMaxColumn(error.line),
    },
  ]);
}
