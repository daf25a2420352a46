/** 7 ms, 0.42 s, 12.3 s, 3 min 5 s: a duration short enough for a status line. */
export function seconds(ms: number): string {
  if (ms < 100) {
    return `${Math.round(ms)} ms`;
  }
  if (ms < 60_000) {
    const value = ms / 1000;
    return `${value < 10 ? value.toFixed(2) : value.toFixed(1)} s`;
  }
  const whole = Math.floor(ms / 1000);
  return `${Math.floor(whole / 60)} min ${whole % 60} s`;
}

/** A limit as people write it: 10 s, 1.5 s. */
export function limitSeconds(ms: number): string {
  return `${Number((ms / 1000).toFixed(1))} s`;
}

/** 00:03.2, for a clock that ticks. */
export function clock(ms: number): string {
  const tenths = Math.floor(Math.max(ms, 0) / 100);
  const minutes = String(Math.floor(tenths / 600)).padStart(2, '0');
  const rest = (tenths % 600) / 10;
  return `${minutes}:${rest.toFixed(1).padStart(4, '0')}`;
}

/** KiB as KB, MB or GB of 1024, as memory is told everywhere. */
export function memory(kb: number): string {
  if (kb < 1024) {
    return `${kb} KB`;
  }
  const mb = kb / 1024;
  if (mb < 1024) {
    return `${mb < 100 ? mb.toFixed(1) : mb.toFixed(0)} MB`;
  }
  return `${(mb / 1024).toFixed(1)} GB`;
}

export function count(n: number, one: string): string {
  return `${n.toLocaleString('en')} ${one}${n === 1 ? '' : 's'}`;
}
