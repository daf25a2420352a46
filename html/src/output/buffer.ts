import type { Stream } from '../api/types';
import { SgrParser } from './sgr';
import type { Style } from './sgr';

/** What a stretch of text is: program output, echoed input, or our own note. */
export type Kind = Stream | 'stdin' | 'note';
export type Mark = 'out' | 'err' | 'note';

export interface Span {
  text: string;
  kind: Kind;
  style: Style | null;
  /** Line of the program that this text names (a traceback), or null. */
  line: number | null;
}

/** Consecutive lines with the same mark at their left edge. */
export interface Group {
  mark: Mark;
  spans: Span[];
}

/** A run of lines that the view lays out as one unit. Append-only. */
export interface Block {
  groups: Group[];
  lines: number;
}

/** The line that has no newline yet; rebuilt by the view as it grows. */
interface Tail {
  spans: Span[];
  mark: Mark;
  length: number;
  /** A carriage return was seen: the next text starts the line again. */
  rewind: boolean;
}

export const BLOCK_LINES = 500;
export const MAX_BLOCKS = 400;
const MAX_LINE = 4096;
const STDERR_TAIL = 8192;
const TRACEBACK = /File "(?:[^"]*\/)?(?:main\.\w+|<string>)", line (\d+)/;

// oxlint-disable-next-line no-control-regex -- these are the ones to replace
const CONTROL = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f]/;
const CONTROL_ALL = new RegExp(CONTROL.source, 'g');
const SILENT = '\u0007\u0008';

/** Control characters as their visible pictures; bell and backspace vanish. */
function printable(text: string): string {
  if (!CONTROL.test(text)) {
    return text;
  }
  return text.replace(CONTROL_ALL, (char) => {
    if (SILENT.includes(char)) {
      return '';
    }
    const code = char.charCodeAt(0);
    return String.fromCharCode(code === 0x7f ? 0x2421 : 0x2400 + code);
  });
}

function markOf(kind: Kind): Mark {
  if (kind === 'stderr') {
    return 'err';
  }
  return kind === 'note' ? 'note' : 'out';
}

const emptyTail = (): Tail => ({ spans: [], mark: 'out', length: 0, rewind: false });

/**
 * The output of one run, in order, as lines ready to be shown and as the raw
 * chunks that copy and download give back. Plain lines of one stream share one
 * string per block, so 100,000 lines are some 200 strings and not 100,000
 * objects.
 */
export class OutputBuffer {
  blocks: Block[] = [];
  tail: Tail = emptyTail();
  /** Lines dropped from the start of `blocks` to bound the page's memory. */
  droppedBlocks = 0;
  droppedLines = 0;
  lineCount = 0;
  /** Grows by one when everything was thrown away: the view starts anew. */
  generation = 0;
  /** Last part of stderr, where an uncaught error stands. */
  stderrTail = '';
  #raw: (string | Uint8Array<ArrayBuffer>)[] = [];
  #parsers: Record<Stream, SgrParser> = { stdout: new SgrParser(), stderr: new SgrParser() };
  #decoders: Record<Stream, TextDecoder> = {
    stdout: new TextDecoder(),
    stderr: new TextDecoder(),
  };
  #listeners = new Set<() => void>();

  subscribe(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => {
      this.#listeners.delete(listener);
    };
  }

  get empty(): boolean {
    return this.blocks.length === 0 && this.tail.length === 0;
  }

  clear(): void {
    this.blocks = [];
    this.tail = emptyTail();
    this.droppedBlocks = 0;
    this.droppedLines = 0;
    this.lineCount = 0;
    this.generation += 1;
    this.stderrTail = '';
    this.#raw = [];
    this.#parsers = { stdout: new SgrParser(), stderr: new SgrParser() };
    this.#changed();
  }

  append(stream: Stream, text: string): void {
    this.#raw.push(text);
    this.#show(stream, text);
  }

  /** Bytes that are not UTF-8: kept as they are, shown with U+FFFD. */
  appendBytes(stream: Stream, bytes: Uint8Array<ArrayBuffer>): void {
    this.#raw.push(bytes);
    this.#show(stream, this.#decoders[stream].decode(bytes));
  }

  /** Shows what the user typed; it is not output and is not downloaded. */
  echo(text: string): void {
    this.#write('stdin', text, null);
    this.#changed();
  }

  /** A line of ours between the lines of the program. */
  note(text: string): void {
    if (this.tail.length > 0) {
      this.#endLine(false);
    }
    this.#write('note', `${text}\n`, null);
    this.#changed();
  }

  text(): string {
    const decoder = new TextDecoder();
    return this.#raw
      .map((chunk) => (typeof chunk === 'string' ? chunk : decoder.decode(chunk)))
      .join('');
  }

  blob(): Blob {
    return new Blob(this.#raw, { type: 'text/plain;charset=utf-8' });
  }

  #show(stream: Stream, text: string): void {
    if (stream === 'stderr') {
      this.stderrTail = (this.stderrTail + text).slice(-STDERR_TAIL);
    }
    for (const piece of this.#parsers[stream].feed(text)) {
      this.#write(stream, printable(piece.text), piece.style);
    }
    this.#changed();
  }

  #changed(): void {
    for (const listener of this.#listeners) {
      listener();
    }
  }

  #write(kind: Kind, text: string, style: Style | null): void {
    const plain = !text.includes('\r') && !(kind === 'stderr' && text.includes('File "'));
    let at = 0;

    while (at < text.length) {
      if (plain && this.tail.length === 0 && !this.tail.rewind) {
        const taken = this.#bulk(kind, text, at, style);
        if (taken > 0) {
          at += taken;
          continue;
        }
      }
      at = this.#step(kind, text, at, style);
    }
  }

  /** Takes as many whole lines as the open block holds; returns their length. */
  #bulk(kind: Kind, text: string, from: number, style: Style | null): number {
    const block = this.#openBlock();
    let end = from;
    let lines = 0;

    while (block.lines + lines < BLOCK_LINES) {
      const newline = text.indexOf('\n', end);
      if (newline === -1 || newline - end > MAX_LINE) {
        break;
      }
      end = newline + 1;
      lines += 1;
    }
    if (lines > 0) {
      this.#commit(markOf(kind), [{ text: text.slice(from, end), kind, style, line: null }], lines);
      this.lineCount += lines;
    }
    return end - from;
  }

  /** Takes text up to the next newline or carriage return into the tail. */
  #step(kind: Kind, text: string, from: number, style: Style | null): number {
    let end = from;
    while (end < text.length && text[end] !== '\n' && text[end] !== '\r') {
      end += 1;
    }
    end = Math.min(end, from + Math.max(1, MAX_LINE - this.tail.length));
    if (end > from && text[from] !== '\n' && text[from] !== '\r') {
      this.#extend({ text: text.slice(from, end), kind, style, line: null });
      if (this.tail.length >= MAX_LINE) {
        this.#endLine(false);
      }
      return end;
    }
    if (text[from] === '\n') {
      if (this.tail.length === 0) {
        this.tail.mark = markOf(kind);
      }
      this.#endLine(true);
    } else {
      this.tail.rewind = true;
    }
    return from + 1;
  }

  #extend(span: Span): void {
    if (this.tail.rewind) {
      this.tail = emptyTail();
    }
    const mark = markOf(span.kind);
    if (this.tail.length === 0 || mark !== 'out') {
      this.tail.mark = mark;
    }
    this.tail.spans.push(span);
    this.tail.length += span.text.length;
  }

  #endLine(counts: boolean): void {
    const { spans, mark } = this.tail;
    this.tail = emptyTail();
    const linked = mark === 'err' ? spans.flatMap(linkify) : spans;
    const last = linked.at(-1);
    linked.push({ text: '\n', kind: last?.kind ?? 'stdout', style: null, line: null });
    this.#commit(mark, linked, 1);
    this.lineCount += counts ? 1 : 0;
  }

  #openBlock(): Block {
    const last = this.blocks.at(-1);
    if (last !== undefined && last.lines < BLOCK_LINES) {
      return last;
    }
    const block: Block = { groups: [], lines: 0 };
    this.blocks.push(block);
    if (this.blocks.length > MAX_BLOCKS) {
      this.droppedLines += this.blocks.shift()?.lines ?? 0;
      this.droppedBlocks += 1;
    }
    return block;
  }

  #commit(mark: Mark, spans: readonly Span[], lines: number): void {
    const block = this.#openBlock();
    let group = block.groups.at(-1);
    if (group === undefined || group.mark !== mark) {
      group = { mark, spans: [] };
      block.groups.push(group);
    }
    for (const span of spans) {
      const last = group.spans.at(-1);
      const joins =
        last !== undefined && last.line === null && span.line === null && last.kind === span.kind;
      if (joins && (last.style === span.style || span.text === '\n')) {
        last.text += span.text;
      } else {
        group.spans.push({ ...span });
      }
    }
    block.lines += lines;
  }
}

/** Cuts `File "main.py", line 7` out of a span as a span of its own. */
function linkify(span: Span): Span[] {
  const found = TRACEBACK.exec(span.text);
  if (found === null) {
    return [span];
  }
  const end = found.index + found[0].length;
  const parts: Span[] = [
    { ...span, text: span.text.slice(0, found.index) },
    { ...span, text: found[0], line: Number(found[1]) },
    { ...span, text: span.text.slice(end) },
  ];
  return parts.filter((part) => part.text !== '');
}

/** The uncaught error at the end of stderr: where it is and what it says. */
export function lastError(stderr: string): { line: number; message: string } | null {
  const lines = stderr.trimEnd().split('\n');
  const message = lines.at(-1) ?? '';
  const named = /^[A-Za-z_][\w.]*(?:Error|Exception|Interrupt|Exit|Iteration|Warning)\b/;
  if (!named.test(message)) {
    return null;
  }
  for (let i = lines.length - 1; i >= 0; i -= 1) {
    const found = TRACEBACK.exec(lines[i] ?? '');
    if (found !== null) {
      return { line: Number(found[1]), message };
    }
  }
  return null;
}
