/** How a stretch of output looks; equal looks are the same object. */
export interface Style {
  readonly classes: string;
  /** CSS colours outside the 16 of the theme. */
  readonly fg: string | null;
  readonly bg: string | null;
}

export interface Piece {
  text: string;
  style: Style | null;
}

type Colour = number | string | null;

interface Attributes {
  fg: Colour;
  bg: Colour;
  bold: boolean;
  dim: boolean;
  italic: boolean;
  underline: boolean;
  inverse: boolean;
  strike: boolean;
}

const ESC = '\u001b';
const BEL = '\u0007';
const PENDING_MAX = 4096;
const CUBE = [0, 95, 135, 175, 215, 255];

const PLAIN: Attributes = {
  fg: null,
  bg: null,
  bold: false,
  dim: false,
  italic: false,
  underline: false,
  inverse: false,
  strike: false,
};

const styles = new Map<string, Style>();

function intern(style: Style): Style {
  const key = `${style.classes}|${style.fg ?? ''}|${style.bg ?? ''}`;
  const known = styles.get(key);
  if (known !== undefined) {
    return known;
  }
  styles.set(key, style);
  return style;
}

/** Colour 0..255 of the xterm palette: an index below 16, else CSS. */
function palette(index: number): Colour {
  if (index < 16) {
    return index;
  }
  if (index < 232) {
    const n = index - 16;
    const red = CUBE[Math.floor(n / 36)] ?? 0;
    const green = CUBE[Math.floor(n / 6) % 6] ?? 0;
    const blue = CUBE[n % 6] ?? 0;
    return `rgb(${red} ${green} ${blue})`;
  }
  const grey = 8 + (index - 232) * 10;
  return `rgb(${grey} ${grey} ${grey})`;
}

function byte(value: number | undefined): number {
  return Math.min(Math.max(value ?? 0, 0), 255);
}

/** Reads the rest of 38;5;n or 38;2;r;g;b; returns the colour and its length. */
function extended(codes: readonly number[], at: number): { colour: Colour; used: number } {
  if (codes[at] === 5) {
    return { colour: palette(byte(codes[at + 1])), used: 2 };
  }
  if (codes[at] === 2) {
    const [red, green, blue] = [codes[at + 1], codes[at + 2], codes[at + 3]].map(byte);
    return { colour: `rgb(${red} ${green} ${blue})`, used: 4 };
  }
  return { colour: null, used: 1 };
}

function toggle(attributes: Attributes, code: number): void {
  switch (code) {
    case 1:
      attributes.bold = true;
      break;
    case 2:
      attributes.dim = true;
      break;
    case 3:
      attributes.italic = true;
      break;
    case 4:
      attributes.underline = true;
      break;
    case 7:
      attributes.inverse = true;
      break;
    case 9:
      attributes.strike = true;
      break;
    case 22:
      attributes.bold = false;
      attributes.dim = false;
      break;
    case 23:
      attributes.italic = false;
      break;
    case 24:
      attributes.underline = false;
      break;
    case 27:
      attributes.inverse = false;
      break;
    case 29:
      attributes.strike = false;
      break;
    default:
      break;
  }
}

function apply(current: Attributes, parameters: string): Attributes {
  const codes = parameters.replaceAll('::', ':').split(/[;:]/).map(Number);
  let next = { ...current };
  for (let i = 0; i < codes.length; i += 1) {
    const code = codes[i] ?? 0;
    if (code === 0) {
      next = { ...PLAIN };
    } else if (code >= 30 && code <= 37) {
      next.fg = code - 30;
    } else if (code >= 90 && code <= 97) {
      next.fg = code - 90 + 8;
    } else if (code >= 40 && code <= 47) {
      next.bg = code - 40;
    } else if (code >= 100 && code <= 107) {
      next.bg = code - 100 + 8;
    } else if (code === 39) {
      next.fg = null;
    } else if (code === 49) {
      next.bg = null;
    } else if (code === 38 || code === 48) {
      const { colour, used } = extended(codes, i + 1);
      next[code === 38 ? 'fg' : 'bg'] = colour;
      i += used;
    } else {
      toggle(next, code);
    }
  }
  return next;
}

function styleOf(attributes: Attributes): Style | null {
  const classes: string[] = [];
  const swap = attributes.inverse && (attributes.fg !== null || attributes.bg !== null);
  const fg = swap ? attributes.bg : attributes.fg;
  const bg = swap ? attributes.fg : attributes.bg;

  if (typeof fg === 'number') {
    classes.push(`f${fg}`);
  }
  if (typeof bg === 'number') {
    classes.push(`b${bg}`);
  }
  if (typeof fg === 'string' && bg === null) {
    classes.push('frgb');
  }
  if (attributes.inverse && !swap) {
    classes.push('inverse');
  }
  for (const name of ['bold', 'dim', 'italic', 'underline', 'strike'] as const) {
    if (attributes[name]) {
      classes.push(name);
    }
  }
  if (classes.length === 0 && fg === null && bg === null) {
    return null;
  }
  return intern({
    classes: classes.join(' '),
    fg: typeof fg === 'string' ? fg : null,
    bg: typeof bg === 'string' ? bg : null,
  });
}

/** Length of the escape sequence at the start of `text`; 0: not complete yet. */
function escapeLength(text: string): number {
  const kind = text[1];
  if (kind === undefined) {
    return 0;
  }
  if (kind === '[') {
    for (let i = 2; i < text.length; i += 1) {
      const code = text.charCodeAt(i);
      if (code >= 0x40 && code <= 0x7e) {
        return i + 1;
      }
      if (code < 0x20 || code > 0x7e) {
        return i;
      }
    }
    return 0;
  }
  if (kind === ']') {
    const bell = text.indexOf(BEL);
    const end = text.indexOf(`${ESC}\\`, 2);
    if (bell === -1 && end === -1) {
      return 0;
    }
    return bell !== -1 && (end === -1 || bell < end) ? bell + 1 : end + 2;
  }
  if (kind >= ' ' && kind <= '/') {
    return text.length > 2 ? 3 : 0;
  }
  return 2;
}

/**
 * Splits a stream of text into stretches of one look. Understands SGR (colours
 * and weight), drops all other escape sequences, and carries its state and an
 * unfinished sequence from chunk to chunk.
 */
export class SgrParser {
  #attributes: Attributes = PLAIN;
  #style: Style | null = null;
  #pending = '';

  feed(chunk: string): Piece[] {
    if (this.#pending === '' && !chunk.includes(ESC)) {
      return [{ text: chunk, style: this.#style }];
    }
    const text = this.#pending + chunk;
    const pieces: Piece[] = [];
    let at = 0;

    this.#pending = '';
    while (at < text.length) {
      const escape = text.indexOf(ESC, at);
      const end = escape === -1 ? text.length : escape;
      if (end > at) {
        pieces.push({ text: text.slice(at, end), style: this.#style });
      }
      if (escape === -1) {
        break;
      }
      const rest = text.slice(escape, escape + PENDING_MAX);
      const length = escapeLength(rest);
      if (length === 0) {
        this.#pending = rest.length < PENDING_MAX ? text.slice(escape) : '';
        break;
      }
      this.#sequence(rest.slice(0, length));
      at = escape + length;
    }
    return pieces;
  }

  #sequence(sequence: string): void {
    if (sequence.startsWith(`${ESC}[`) && sequence.endsWith('m')) {
      this.#attributes = apply(this.#attributes, sequence.slice(2, -1));
      this.#style = styleOf(this.#attributes);
    }
  }
}
