import { describe, expect, it } from 'vitest';
import { SgrParser } from '../src/output/sgr';

const ESC = '\u001b';

function looks(...chunks: string[]): string[] {
  const parser = new SgrParser();
  return chunks
    .flatMap((chunk) => parser.feed(chunk))
    .map(
      ({ text, style }) => `${text}|${style?.classes ?? ''}|${style?.fg ?? ''}|${style?.bg ?? ''}`,
    );
}

describe('SgrParser', () => {
  it('passes plain text through untouched', () => {
    expect(looks('a\nb')).toEqual(['a\nb|||']);
  });

  it('knows the sixteen colours, bright ones too, and the reset', () => {
    expect(looks(`${ESC}[31ma${ESC}[92mb${ESC}[0mc`)).toEqual(['a|f1||', 'b|f10||', 'c|||']);
  });

  it('adds attributes up and takes single ones back', () => {
    expect(looks(`${ESC}[1;3;4ma${ESC}[22;23mb`)).toEqual([
      'a|bold italic underline||',
      'b|underline||',
    ]);
  });

  it('turns 256 colours and true colours into CSS', () => {
    expect(looks(`${ESC}[38;5;208ma`, `${ESC}[38;2;1;2;3mb`, `${ESC}[38;5;1mc`)).toEqual([
      'a|frgb|rgb(255 135 0)|',
      'b|frgb|rgb(1 2 3)|',
      'c|f1||',
    ]);
  });

  it('keeps reading after an extended colour', () => {
    expect(looks(`${ESC}[38;5;9;1ma`)).toEqual(['a|f9 bold||']);
  });

  it('swaps the colours for inverse', () => {
    expect(looks(`${ESC}[31;7ma`)).toEqual(['a|b1||']);
    expect(looks(`${ESC}[7ma`)).toEqual(['a|inverse||']);
  });

  it('joins a sequence that is split between chunks', () => {
    expect(looks(`a${ESC}`, '[3', '2mb')).toEqual(['a|||', 'b|f2||']);
  });

  it('drops cursor movements, titles and links, and keeps their text', () => {
    expect(looks(`a${ESC}[2Kb${ESC}]0;title\u0007c${ESC}(Bd`).join('')).toBe('a|||b|||c|||d|||');
    expect(looks(`${ESC}]8;;http://x${ESC}\\link${ESC}]8;;${ESC}\\`)).toEqual(['link|||']);
  });

  it('does not wait for ever for the end of a sequence', () => {
    const parser = new SgrParser();
    parser.feed(`${ESC}]${'x'.repeat(5000)}`);
    expect(parser.feed('after')).toEqual([{ text: 'after', style: null }]);
  });

  it('gives equal looks the same object', () => {
    const parser = new SgrParser();
    const [first, second] = parser.feed(`${ESC}[31ma${ESC}[0;31mb`);
    expect(first?.style).toBe(second?.style);
  });
});
