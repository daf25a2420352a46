const APPLE = /Mac|iPhone|iPad/;

export const isApple: boolean = APPLE.test(navigator.userAgent);

/** The modifier's name on this machine, and shortcuts written with it. */
export const MOD: string = isApple ? '⌘' : 'Ctrl';

export function chord(...keys: readonly string[]): string {
  return keys.map((key) => (key === 'Mod' ? MOD : key)).join(isApple ? ' ' : '+');
}
