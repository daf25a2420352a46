import { useEffect, useState } from 'react';

/** Draws the component again every `everyMs` while `active`; gives the time. */
export function useNow(active: boolean, everyMs: number): number {
  const [now, setNow] = useState(() => Date.now());

  useEffect(() => {
    if (!active) {
      return undefined;
    }
    setNow(Date.now());
    const timer = setInterval(() => setNow(Date.now()), everyMs);
    return () => clearInterval(timer);
  }, [active, everyMs]);
  return now;
}

/** Whole seconds until `until` (Date.now() time), ticking; 0 when it is past. */
export function useCountdown(until: number): number {
  const pending = until > Date.now();
  const now = useNow(pending, 250);
  return Math.max(0, Math.ceil((until - Math.max(now, pending ? Date.now() : now)) / 1000));
}
