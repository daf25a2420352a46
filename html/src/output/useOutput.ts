import { useSyncExternalStore } from 'react';
import { output } from '../run/session';

export interface OutputFacts {
  empty: boolean;
  dropped: number;
}

let facts: OutputFacts = { empty: true, dropped: 0 };

function read(): OutputFacts {
  const { empty, droppedLines } = output;
  if (facts.empty !== empty || facts.dropped !== droppedLines) {
    facts = { empty, dropped: droppedLines };
  }
  return facts;
}

/** Whether the last line is open, as a prompt is. */
export function usePrompting(): boolean {
  return useSyncExternalStore(
    (changed) => output.subscribe(changed),
    () => output.tail.length > 0,
  );
}

/** The few facts about the output that React draws; the lines it does not. */
export function useOutput(): OutputFacts {
  return useSyncExternalStore((changed) => output.subscribe(changed), read);
}
