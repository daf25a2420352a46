import { useEffect, useRef } from 'react';
import type { ReactElement } from 'react';
import { CrossIcon } from '../ui/icons';
import { useUi } from '../ui/store';
import { SHORTCUTS } from './shortcuts';

const close = (): void => useUi.setState({ sheetOpen: false });

/** The keyboard shortcuts, as a dialog. */
export function KeySheet(): ReactElement {
  const open = useUi((state) => state.sheetOpen);
  const dialog = useRef<HTMLDialogElement>(null);

  useEffect(() => {
    const element = dialog.current;
    if (open && element?.open === false) {
      element.showModal();
    } else if (!open && element?.open === true) {
      element.close();
    }
  }, [open]);

  return (
    <dialog ref={dialog} className="sheet" aria-labelledby="sheet-title" onClose={close}>
      <header>
        <h2 id="sheet-title">Keyboard</h2>
        <button type="button" className="icon-button" aria-label="Close" onClick={close}>
          <CrossIcon />
        </button>
      </header>
      {SHORTCUTS.map((group) => (
        <section key={group.title}>
          <h3>{group.title}</h3>
          <dl>
            {group.items.map((item) => (
              <div key={item.does}>
                <dt>
                  {item.keys.map((keys) => (
                    <kbd key={keys}>{keys}</kbd>
                  ))}
                </dt>
                <dd>{item.does}</dd>
              </div>
            ))}
          </dl>
        </section>
      ))}
    </dialog>
  );
}
