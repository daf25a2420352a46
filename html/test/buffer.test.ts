import { describe, expect, it, vi } from 'vitest';
import { BLOCK_LINES, lastError, MAX_BLOCKS, OutputBuffer } from '../src/output/buffer';

/** Committed groups as `mark:text`, then the open line. */
function shown(buffer: OutputBuffer): string[] {
  const groups = buffer.blocks.flatMap((block) =>
    block.groups.map(({ mark, spans }) => `${mark}:${spans.map(({ text }) => text).join('')}`),
  );
  const tail = buffer.tail.spans.map(({ text }) => text).join('');
  return tail === '' ? groups : [...groups, `${buffer.tail.mark}~${tail}`];
}

function linesOf(buffer: OutputBuffer): number[] {
  return buffer.blocks.map((block) => block.lines);
}

describe('OutputBuffer', () => {
  it('joins chunks into lines and keeps an open line apart', () => {
    const buffer = new OutputBuffer();
    buffer.append('stdout', 'one\ntw');
    buffer.append('stdout', 'o\nthr');
    expect(shown(buffer)).toEqual(['out:one\ntwo\n', 'out~thr']);
    expect(buffer.lineCount).toBe(2);
  });

  it('keeps the order of the streams, one group per change', () => {
    const buffer = new OutputBuffer();
    buffer.append('stdout', 'a\n');
    buffer.append('stderr', 'b\n');
    buffer.append('stdout', 'c\nd\n');
    expect(shown(buffer)).toEqual(['out:a\n', 'err:b\n', 'out:c\nd\n']);
  });

  it('marks a line that both streams wrote as stderr', () => {
    const buffer = new OutputBuffer();
    buffer.append('stdout', 'name: ');
    buffer.append('stderr', 'oops\n');
    expect(shown(buffer)).toEqual(['err:name: oops\n']);
    expect(buffer.blocks[0]?.groups[0]?.spans.map(({ kind }) => kind)).toEqual([
      'stdout',
      'stderr',
    ]);
  });

  it('starts a line again after a carriage return, but not for CR LF', () => {
    const buffer = new OutputBuffer();
    buffer.append('stdout', '10 %\r20 %');
    expect(shown(buffer)).toEqual(['out~20 %']);
    buffer.append('stdout', '\r');
    buffer.append('stdout', '30 %\r\nnext\n');
    expect(shown(buffer)).toEqual(['out:30 %\nnext\n']);
  });

  it('holds 100,000 plain lines in few strings', () => {
    const buffer = new OutputBuffer();
    for (let i = 0; i < 100_000; i += 100) {
      const chunk = Array.from({ length: 100 }, (_, n) => `${i + n}\n`).join('');
      buffer.append('stdout', chunk);
    }
    expect(buffer.lineCount).toBe(100_000);
    expect(buffer.blocks.length).toBe(100_000 / BLOCK_LINES);
    expect(buffer.blocks.every(({ groups }) => groups[0]?.spans.length === 1)).toBe(true);
    expect(buffer.text().endsWith('99999\n')).toBe(true);
  });

  it('fills blocks exactly', () => {
    const buffer = new OutputBuffer();
    buffer.append('stdout', 'x\n'.repeat(BLOCK_LINES + 3));
    expect(linesOf(buffer)).toEqual([BLOCK_LINES, 3]);
  });

  it('drops the oldest blocks from view and keeps them for the download', () => {
    const buffer = new OutputBuffer();
    const lines = BLOCK_LINES * (MAX_BLOCKS + 2);
    buffer.append('stdout', 'x\n'.repeat(lines));
    expect(buffer.blocks.length).toBe(MAX_BLOCKS);
    expect(buffer.droppedLines).toBe(2 * BLOCK_LINES);
    expect(buffer.text().length).toBe(lines * 2);
  });

  it('breaks a line without end for the view only', () => {
    const buffer = new OutputBuffer();
    buffer.append('stdout', 'x'.repeat(100_000));
    expect(linesOf(buffer)[0]).toBeGreaterThan(20);
    expect(buffer.lineCount).toBe(0);
    expect(buffer.text()).toBe('x'.repeat(100_000));
  });

  it('cuts the place out of a traceback', () => {
    const buffer = new OutputBuffer();
    buffer.append('stderr', '  File "/home/main.py", line 7, in <module>\n');
    const spans = buffer.blocks[0]?.groups[0]?.spans ?? [];
    expect(spans.map(({ text, line }) => [text, line])).toEqual([
      ['  ', null],
      ['File "/home/main.py", line 7', 7],
      [', in <module>\n', null],
    ]);
  });

  it('does not link other files', () => {
    const buffer = new OutputBuffer();
    buffer.append('stderr', '  File "/usr/lib/python3/json.py", line 7, in x\n');
    expect(buffer.blocks[0]?.groups[0]?.spans).toHaveLength(1);
  });

  it('shows bytes that are not text and gives them back unchanged', async () => {
    const buffer = new OutputBuffer();
    buffer.appendBytes('stdout', new Uint8Array([0x63, 0xe9, 0x0a]));
    expect(shown(buffer)).toEqual(['out:c\ufffd\n']);
    expect(new Uint8Array(await buffer.blob().arrayBuffer())).toEqual(
      new Uint8Array([0x63, 0xe9, 0x0a]),
    );
  });

  it('shows control characters as pictures', () => {
    const buffer = new OutputBuffer();
    buffer.append('stdout', 'a\u0000b\u0007c\u007f\td\n');
    expect(shown(buffer)).toEqual(['out:a\u2400bc\u2421\td\n']);
  });

  it('echoes input in place without making it output', () => {
    const buffer = new OutputBuffer();
    buffer.append('stdout', 'Name? ');
    buffer.echo('Ada\n');
    expect(shown(buffer)).toEqual(['out:Name? Ada\n']);
    expect(buffer.text()).toBe('Name? ');
  });

  it('puts notes on lines of their own', () => {
    const buffer = new OutputBuffer();
    buffer.append('stdout', 'half');
    buffer.note('missing');
    buffer.append('stdout', 'more');
    expect(shown(buffer)).toEqual(['out:half\n', 'note:missing\n', 'out~more']);
  });

  it('tells its listeners, and forgets all on clear', () => {
    const buffer = new OutputBuffer();
    const listener = vi.fn();
    buffer.subscribe(listener);
    buffer.append('stdout', 'x\n');
    buffer.clear();
    expect(listener).toHaveBeenCalledTimes(2);
    expect(buffer.empty).toBe(true);
    expect(buffer.text()).toBe('');
  });
});

describe('lastError', () => {
  it('finds the innermost line of the program and the message', () => {
    const text =
      'Traceback (most recent call last):\n  File "main.py", line 5, in <module>\n    half(4)\n' +
      '  File "main.py", line 2, in half\n    return n / 0\nZeroDivisionError: division by zero\n';
    expect(lastError(text)).toEqual({ line: 2, message: 'ZeroDivisionError: division by zero' });
  });

  it('knows errors of libraries and of the parser', () => {
    expect(lastError('  File "main.py", line 3\n    x =\n      ^\nSyntaxError: bad\n')?.line).toBe(
      3,
    );
    expect(
      lastError('  File "main.py", line 1, in <module>\njson.decoder.JSONDecodeError: x\n')
        ?.message,
    ).toBe('json.decoder.JSONDecodeError: x');
  });

  it('takes other text on stderr for what it is', () => {
    expect(lastError('warning: low battery\n')).toBeNull();
    expect(lastError('')).toBeNull();
  });
});
