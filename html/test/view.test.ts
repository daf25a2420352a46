import { beforeEach, describe, expect, it, vi } from 'vitest';
import { BLOCK_LINES, MAX_BLOCKS, OutputBuffer } from '../src/output/buffer';
import { OutputView } from '../src/output/view';

describe('OutputView', () => {
  let frames: FrameRequestCallback[];
  let log: HTMLElement;
  let buffer: OutputBuffer;
  let view: OutputView;
  const onLine = vi.fn();
  const onFollow = vi.fn();

  /** Runs frames until nothing is scheduled; gives their number. */
  function paint(): number {
    let count = 0;
    while (frames.length > 0) {
      const due = frames;
      frames = [];
      for (const callback of due) {
        callback(0);
      }
      count += 1;
    }
    return count;
  }

  beforeEach(() => {
    frames = [];
    vi.stubGlobal('requestAnimationFrame', (callback: FrameRequestCallback) => {
      frames.push(callback);
      return frames.length;
    });
    log = document.createElement('div');
    document.body.replaceChildren(log);
    buffer = new OutputBuffer();
    view = new OutputView(log, buffer, { onLine, onFollow });
    paint();
  });

  it('draws lines as they grow, without touching what is there', () => {
    buffer.append('stdout', 'one\ntw');
    paint();
    const group = log.querySelector('.block .out');
    buffer.append('stdout', 'o\nthree\n');
    paint();
    expect(log.querySelector('.block .out')).toBe(group);
    expect(group?.childNodes).toHaveLength(1);
    expect(log.textContent).toBe('one\ntwo\nthree\n');
  });

  it('sets stderr apart, and stdout inside its lines', () => {
    buffer.append('stdout', 'a: ');
    buffer.append('stderr', 'bad\n');
    buffer.append('stdout', 'b\n');
    paint();
    const groups = [...log.querySelectorAll('.block > *')];
    expect(groups.map(({ className }) => className)).toEqual(['err', 'out']);
    expect(groups[0]?.querySelector('.plain')?.textContent).toBe('a: ');
  });

  it('never draws markup', () => {
    buffer.append('stdout', '<img src=x onerror=alert(1)>\n');
    paint();
    expect(log.querySelector('img')).toBeNull();
    expect(log.textContent).toBe('<img src=x onerror=alert(1)>\n');
  });

  it('draws much at once in several frames', () => {
    buffer.append('stdout', 'x\n'.repeat(BLOCK_LINES * 30));
    expect(paint()).toBeGreaterThan(2);
    expect(log.querySelectorAll('.block.full')).toHaveLength(30);
    expect(log.textContent).toHaveLength(BLOCK_LINES * 60);
  });

  it('drops old blocks from the document, even ones it never drew', () => {
    buffer.append('stdout', 'x\n'.repeat(BLOCK_LINES * 3));
    paint();
    buffer.append('stdout', 'y\n'.repeat(BLOCK_LINES * (MAX_BLOCKS + 5)));
    paint();
    expect(log.querySelectorAll('.block')).toHaveLength(MAX_BLOCKS);
    expect(log.textContent?.includes('x')).toBe(false);
  });

  it('starts anew after a clear', () => {
    buffer.append('stdout', 'old\n');
    paint();
    buffer.clear();
    buffer.append('stdout', 'new\n');
    paint();
    expect(log.textContent).toBe('new\n');
  });

  it('leaves nothing behind when it is destroyed', () => {
    buffer.append('stdout', 'x\n');
    paint();
    view.destroy();
    buffer.append('stdout', 'y\n');
    paint();
    expect(log.childNodes).toHaveLength(0);
  });

  it('reports the line of a link', () => {
    buffer.append('stderr', '  File "main.py", line 7, in f\n');
    paint();
    log.querySelector('button')?.click();
    expect(onLine).toHaveBeenCalledWith(7);
  });
});
