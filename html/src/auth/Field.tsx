import { useState } from 'react';
import type { ReactElement } from 'react';
import { CrossIcon } from '../ui/icons';
import type { FieldName } from './texts';

interface FieldProps {
  name: FieldName;
  label: string;
  type: 'text' | 'email' | 'password';
  autoComplete: string;
  inputMode?: 'text' | 'email' | 'numeric';
  initial?: string;
  error: string | undefined;
}

/** One labelled field with its error beneath; the browser keeps its value. */
export function Field(props: FieldProps): ReactElement {
  const { name, label, type, autoComplete, inputMode, initial = '', error } = props;
  const [shown, setShown] = useState(false);
  const id = `auth-${name}`;
  const errorId = `${id}-error`;
  const secret = type === 'password';

  return (
    <div className="auth-field">
      <label htmlFor={id}>{label}</label>
      <div className="auth-input">
        <input
          id={id}
          name={name}
          type={secret && shown ? 'text' : type}
          autoComplete={autoComplete}
          inputMode={inputMode}
          defaultValue={initial}
          required
          aria-invalid={error !== undefined}
          aria-describedby={error === undefined ? undefined : errorId}
          autoCapitalize="none"
          autoCorrect="off"
          spellCheck={false}
        />
        {secret && (
          <button
            type="button"
            aria-label={`${shown ? 'Hide' : 'Show'} ${label.toLowerCase()}`}
            onClick={() => setShown(!shown)}
          >
            {shown ? 'Hide' : 'Show'}
          </button>
        )}
      </div>
      {error !== undefined && (
        <p className="auth-error" id={errorId}>
          <CrossIcon />
          {error}
        </p>
      )}
    </div>
  );
}
