import { useSyncExternalStore } from 'react';

function every(ms: number): (changed: () => void) => () => void {
  return (changed) => {
    const timer = setInterval(changed, ms);
    return () => clearInterval(timer);
  };
}

const every100 = every(100);
const every250 = every(250);
const never = () => () => {};

/** Whole seconds until `until` (Date.now() time), ticking; 0 when it is past. */
export function useCountdown(until: number): number {
  return useSyncExternalStore(until === 0 ? never : every250, () =>
    Math.max(0, Math.ceil((until - Date.now()) / 1000)),
  );
}

/** Milliseconds since `from`, in steps of 100. */
export function useElapsed(from: number): number {
  return useSyncExternalStore(every100, () => Math.floor((Date.now() - from) / 100) * 100);
}
