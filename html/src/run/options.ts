import type { LanguageLimits, RunLimits } from '../api/types';

const QUOTES = new Set(['"', "'"]);

/**
 * Splits arguments as a shell does: at blanks, with '...', "..." and \\ for
 * what has blanks itself. null: a quote is not closed.
 */
export function splitArgs(text: string): string[] | null {
  const args: string[] = [];
  let word: string | null = null;
  let quote = '';

  for (let i = 0; i < text.length; i += 1) {
    const char = text.charAt(i);
    if (char === '\\' && quote !== "'" && i + 1 < text.length) {
      i += 1;
      word = (word ?? '') + text.charAt(i);
    } else if (quote === '' && QUOTES.has(char)) {
      quote = char;
      word ??= '';
    } else if (char === quote) {
      quote = '';
    } else if (quote === '' && /\s/.test(char)) {
      if (word !== null) {
        args.push(word);
        word = null;
      }
    } else {
      word = (word ?? '') + char;
    }
  }
  if (word !== null) {
    args.push(word);
  }
  return quote === '' ? args : null;
}

/** What the language allows of the chosen limits. */
export function allowedLimits(chosen: RunLimits, limits: LanguageLimits): RunLimits {
  const allowed: RunLimits = {};
  for (const [name, value] of Object.entries(chosen) as [keyof LanguageLimits, number][]) {
    allowed[name] = Math.min(value, limits[name].max);
  }
  return allowed;
}

/** The language's limits with the chosen ones as what a run gets. */
export function effectiveLimits(chosen: RunLimits, limits: LanguageLimits): LanguageLimits {
  const effective = { ...limits };
  for (const [name, value] of Object.entries(chosen) as [keyof LanguageLimits, number][]) {
    effective[name] = { default: value, max: limits[name].max };
  }
  return effective;
}
