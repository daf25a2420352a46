/** What the rest of the page may ask of the editor that is on screen. */
export interface EditorHandle {
  focus(): void;
  goToLine(line: number): void;
  /** Marks a line with an error message; null takes the mark away. */
  mark(error: { line: number; message: string } | null): void;
}

const NONE: EditorHandle = {
  focus() {},
  goToLine() {},
  mark() {},
};

let current: EditorHandle = NONE;

export function setEditor(handle: EditorHandle | null): void {
  current = handle ?? NONE;
}

export function editor(): EditorHandle {
  return current;
}
