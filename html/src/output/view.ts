import type { Block, Group, Mark, OutputBuffer, Span } from './buffer';
import { BLOCK_LINES } from './buffer';

/** Blocks drawn in one frame at most, so that no frame takes long. */
const BLOCKS_PER_FRAME = 8;
const STICK_PX = 24;

export interface ViewEvents {
  /** A link in a traceback was chosen. */
  onLine(line: number): void;
  /** Whether the view follows the end, and lines that arrived since it stopped. */
  onFollow(following: boolean, missed: number): void;
}

interface Drawn {
  block: number;
  group: number;
  span: number;
  chars: number;
}

const START: Readonly<Drawn> = { block: 0, group: 0, span: 0, chars: 0 };

/**
 * Draws an OutputBuffer into a scrolling element, outside React: text is only
 * ever added, once per frame, to the node that is open. Full blocks carry
 * content-visibility: auto, so the browser lays out what is on screen; find in
 * page, selection and screen readers still see every line.
 */
export class OutputView {
  readonly #buffer: OutputBuffer;
  readonly #scroller: HTMLElement;
  readonly #list: HTMLElement;
  readonly #tail: HTMLElement;
  readonly #events: ViewEvents;
  readonly #unsubscribe: () => void;
  readonly #abort = new AbortController();
  #frame = 0;
  #generation = -1;
  /** Number of the first block that is still in the document. */
  #firstBlock = 0;
  #drawn: Drawn = { ...START };
  #node: Text | null = null;
  #following = true;
  #lastTop = 0;
  #seenLines = 0;

  constructor(scroller: HTMLElement, buffer: OutputBuffer, events: ViewEvents) {
    const { ownerDocument } = scroller;
    this.#buffer = buffer;
    this.#scroller = scroller;
    this.#events = events;
    this.#list = ownerDocument.createElement('div');
    this.#tail = ownerDocument.createElement('div');
    this.#tail.className = 'tail';
    scroller.replaceChildren(this.#list, this.#tail);
    this.#unsubscribe = buffer.subscribe(() => this.#schedule());
    const { signal } = this.#abort;
    scroller.addEventListener('scroll', () => this.#scrolled(), { passive: true, signal });
    scroller.addEventListener('click', (event) => this.#clicked(event), { signal });
    this.#schedule();
  }

  destroy(): void {
    cancelAnimationFrame(this.#frame);
    this.#unsubscribe();
    this.#abort.abort();
    this.#scroller.replaceChildren();
  }

  jumpToEnd(): void {
    this.#follow(true);
    this.#toEnd();
  }

  /** Keeps the end in sight after the panel changed its size. */
  resized(): void {
    if (this.#following) {
      this.#toEnd();
    }
  }

  #schedule(): void {
    if (this.#frame === 0) {
      this.#frame = requestAnimationFrame(() => {
        this.#frame = 0;
        this.#draw();
      });
    }
  }

  #draw(): void {
    const buffer = this.#buffer;
    if (this.#generation !== buffer.generation) {
      this.#reset();
    }
    this.#dropOld();
    const behind = this.#drawBlocks();
    this.#drawTail();
    if (this.#following) {
      this.#seenLines = buffer.lineCount;
      this.#toEnd();
    } else {
      this.#events.onFollow(false, buffer.lineCount - this.#seenLines);
    }
    if (behind) {
      this.#schedule();
    }
  }

  #reset(): void {
    this.#generation = this.#buffer.generation;
    this.#list.replaceChildren();
    this.#tail.replaceChildren();
    this.#firstBlock = 0;
    this.#drawn = { ...START };
    this.#node = null;
    this.#seenLines = 0;
    this.#lastTop = 0;
    this.#follow(true);
  }

  #dropOld(): void {
    while (this.#firstBlock < this.#buffer.droppedBlocks) {
      this.#list.firstElementChild?.remove();
      this.#firstBlock += 1;
    }
    if (this.#drawn.block < this.#firstBlock) {
      this.#drawn = { ...START, block: this.#firstBlock };
      this.#node = null;
    }
  }

  /** Adds what is new, at most some blocks; true when more is waiting. */
  #drawBlocks(): boolean {
    const { blocks, droppedBlocks } = this.#buffer;
    const last = droppedBlocks + blocks.length - 1;
    const stop = this.#drawn.block + BLOCKS_PER_FRAME;

    for (let number = this.#drawn.block; number <= last; number += 1) {
      const block = blocks[number - droppedBlocks];
      if (block === undefined) {
        break;
      }
      if (number === stop) {
        return true;
      }
      if (number > this.#drawn.block) {
        this.#drawn = { ...START, block: number };
        this.#node = null;
      }
      this.#drawBlock(block, number - this.#firstBlock);
    }
    return false;
  }

  #drawBlock(block: Block, index: number): void {
    let element = this.#list.children[index];
    if (element === undefined) {
      element = document.createElement('div');
      this.#list.append(element);
    }
    for (let g = this.#drawn.group; g < block.groups.length; g += 1) {
      const group = block.groups[g];
      if (group === undefined) {
        break;
      }
      if (g > this.#drawn.group) {
        this.#drawn = { ...this.#drawn, group: g, span: 0, chars: 0 };
        this.#node = null;
      }
      this.#drawGroup(group, element, g);
    }
    element.className = block.lines >= BLOCK_LINES ? 'block full' : 'block';
  }

  #drawGroup(group: Group, parent: Element, index: number): void {
    let element = parent.children[index];
    if (element === undefined) {
      element = document.createElement('div');
      element.className = group.mark;
      parent.append(element);
    }
    for (let s = this.#drawn.span; s < group.spans.length; s += 1) {
      const span = group.spans[s];
      if (span === undefined) {
        break;
      }
      if (s > this.#drawn.span) {
        this.#drawn = { ...this.#drawn, span: s, chars: 0 };
        this.#node = null;
      }
      if (this.#node === null) {
        this.#node = drawSpan(span, group.mark, element);
      } else if (span.text.length > this.#drawn.chars) {
        this.#node.appendData(span.text.slice(this.#drawn.chars));
      }
      this.#drawn.chars = span.text.length;
    }
  }

  #drawTail(): void {
    const { spans, mark } = this.#buffer.tail;
    this.#tail.replaceChildren();
    this.#tail.className = spans.length > 0 ? `tail ${mark}` : 'tail';
    for (const span of spans) {
      drawSpan(span, mark, this.#tail);
    }
  }

  #toEnd(): void {
    this.#scroller.scrollTop = this.#scroller.scrollHeight;
    this.#lastTop = this.#scroller.scrollTop;
  }

  #follow(following: boolean): void {
    this.#following = following;
    this.#seenLines = this.#buffer.lineCount;
    this.#events.onFollow(following, 0);
  }

  /** Only scrolling up stops following: growing output moves nothing up. */
  #scrolled(): void {
    const { scrollTop, scrollHeight, clientHeight } = this.#scroller;
    const atEnd = scrollTop + clientHeight >= scrollHeight - STICK_PX;
    const movedUp = scrollTop < this.#lastTop - 1;

    this.#lastTop = scrollTop;
    if (atEnd && !this.#following) {
      this.#follow(true);
    } else if (movedUp && !atEnd && this.#following) {
      this.#follow(false);
    }
  }

  #clicked(event: Event): void {
    const link = event.target instanceof Element ? event.target.closest('[data-line]') : null;
    if (link instanceof HTMLElement) {
      this.#events.onLine(Number(link.dataset['line']));
    }
  }
}

/** Sets apart what differs from the rest of its line. */
function kindClass(span: Span, mark: Mark): string {
  if (span.kind === 'stdin') {
    return 'typed';
  }
  return span.kind === 'stdout' && mark === 'err' ? 'plain' : '';
}

/** Adds a span and returns its text node. */
function drawSpan(span: Span, mark: Mark, parent: Element): Text {
  const text = document.createTextNode(span.text);
  if (span.line !== null) {
    const link = document.createElement('button');
    link.type = 'button';
    link.className = 'link';
    link.dataset['line'] = String(span.line);
    link.title = `Go to line ${span.line}`;
    link.append(text);
    parent.append(link);
    return text;
  }
  const classes = [kindClass(span, mark), span.style?.classes ?? ''].join(' ').trim();
  if (classes === '' && span.style === null) {
    parent.append(text);
    return text;
  }
  const element = document.createElement('span');
  element.className = classes;
  if (span.style?.fg) {
    element.style.setProperty('--fg', span.style.fg);
    element.style.color = span.style.bg === null ? '' : span.style.fg;
  }
  if (span.style?.bg) {
    element.style.backgroundColor = span.style.bg;
  }
  element.append(text);
  parent.append(element);
  return text;
}
