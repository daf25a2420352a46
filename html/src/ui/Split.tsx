import { useId, useRef } from 'react';
import type { KeyboardEvent, PointerEvent, ReactElement, ReactNode } from 'react';

const MIN = 20;
const MAX = 80;
const STEP = 2;

interface SplitProps {
  /** Whether the second part stands right of the first or below it. */
  direction: 'right' | 'below';
  /** Share of the first part, in percent. */
  value: number;
  onChange: (value: number) => void;
  /** Double click goes back to this. */
  initial: number;
  label: string;
  first: ReactNode;
  second: ReactNode;
}

function clamp(value: number): number {
  return Math.round(Math.min(Math.max(value, MIN), MAX) * 10) / 10;
}

/** Two parts and a bar between them, moved by pointer or arrow keys. */
export function Split(props: SplitProps): ReactElement {
  const { direction, value, onChange, initial, label, first, second } = props;
  const root = useRef<HTMLDivElement>(null);
  const firstId = useId();
  const beside = direction === 'right';

  const onPointerMove = (event: PointerEvent<HTMLDivElement>): void => {
    const box = root.current?.getBoundingClientRect();
    if (box === undefined || !event.currentTarget.hasPointerCapture(event.pointerId)) {
      return;
    }
    const share = beside
      ? (event.clientX - box.left) / box.width
      : (event.clientY - box.top) / box.height;
    onChange(clamp(share * 100));
  };

  const onKeyDown = (event: KeyboardEvent<HTMLDivElement>): void => {
    const moves: Readonly<Record<string, number>> = {
      [beside ? 'ArrowLeft' : 'ArrowUp']: value - STEP,
      [beside ? 'ArrowRight' : 'ArrowDown']: value + STEP,
      Home: MIN,
      End: MAX,
      Enter: initial,
    };
    const next = moves[event.key];
    if (next !== undefined) {
      event.preventDefault();
      onChange(clamp(next));
    }
  };

  return (
    <div className={`split ${direction}`} ref={root}>
      <div className="part first" id={firstId} style={{ flexBasis: `${value}%` }}>
        {first}
      </div>
      <div
        className="separator"
        role="separator"
        tabIndex={0}
        aria-label={label}
        aria-controls={firstId}
        aria-orientation={beside ? 'vertical' : 'horizontal'}
        aria-valuenow={Math.round(value)}
        aria-valuemin={MIN}
        aria-valuemax={MAX}
        onPointerDown={(event) => {
          event.preventDefault();
          event.currentTarget.setPointerCapture(event.pointerId);
        }}
        onPointerMove={onPointerMove}
        onDoubleClick={() => onChange(initial)}
        onKeyDown={onKeyDown}
      />
      <div className="part second">{second}</div>
    </div>
  );
}
