import { describe, expect, it } from 'vitest';
import { allowedLimits, effectiveLimits, splitArgs } from '../src/run/options';
import { LIMITS } from './fakes';

describe('splitArgs', () => {
  it.each([
    ['', []],
    ['  ', []],
    ['a  b\tc', ['a', 'b', 'c']],
    [`'two words' "and three more"`, ['two words', 'and three more']],
    [`--name='Ada L'`, ['--name=Ada L']],
    [`''`, ['']],
    [`a\\ b "say \\"hi\\"" 'C:\\x'`, ['a b', 'say "hi"', 'C:\\x']],
    [`it"'"s`, [`it's`]],
    ['ä 日本', ['ä', '日本']],
  ])('splits %j', (text, args) => {
    expect(splitArgs(text)).toEqual(args);
  });

  it('says that a quote is not closed', () => {
    expect(splitArgs(`a "b`)).toBeNull();
    expect(splitArgs(`it's`)).toBeNull();
  });
});

describe('limits of a run', () => {
  it('are held to what the language allows, after it has changed', () => {
    expect(allowedLimits({ timeout_ms: 90_000, memory_mb: 64 }, LIMITS)).toEqual({
      timeout_ms: 30_000,
      memory_mb: 64,
    });
  });

  it('are what the sentences about the run speak of', () => {
    const effective = effectiveLimits({ timeout_ms: 2_000 }, LIMITS);
    expect(effective.timeout_ms).toEqual({ default: 2_000, max: 30_000 });
    expect(effective.memory_mb).toEqual(LIMITS.memory_mb);
  });
});
