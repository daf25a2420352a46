import type { ReactElement, ReactNode } from 'react';

function icon(paths: ReactNode): () => ReactElement {
  return function Icon() {
    return (
      <svg
        className="icon"
        viewBox="0 0 16 16"
        width="16"
        height="16"
        fill="none"
        stroke="currentColor"
        strokeWidth="1.5"
        strokeLinecap="round"
        strokeLinejoin="round"
        aria-hidden="true"
        focusable="false"
      >
        {paths}
      </svg>
    );
  };
}

export const RunIcon = icon(<path d="M4.5 2.8v10.4L13 8z" fill="currentColor" />);
export const StopIcon = icon(
  <rect x="3.5" y="3.5" width="9" height="9" rx="1.5" fill="currentColor" />,
);
export const SunIcon = icon(
  <>
    <circle cx="8" cy="8" r="2.8" />
    <path d="M8 1.2v1.3M8 13.5v1.3M1.2 8h1.3M13.5 8h1.3M3.2 3.2l.9.9M11.9 11.9l.9.9M3.2 12.8l.9-.9M11.9 4.1l.9-.9" />
  </>,
);
export const MoonIcon = icon(<path d="M13.2 9.6A5.6 5.6 0 0 1 6.4 2.8a5.6 5.6 0 1 0 6.8 6.8z" />);
export const KeyboardIcon = icon(
  <>
    <rect x="1.2" y="3.8" width="13.6" height="8.4" rx="1.6" />
    <path d="M4 6.6h.01M6.7 6.6h.01M9.3 6.6h.01M12 6.6h.01M5 9.5h6" />
  </>,
);
export const RightIcon = icon(
  <>
    <rect x="1.8" y="2.5" width="12.4" height="11" rx="1.6" />
    <path d="M9 2.5v11" />
  </>,
);
export const BelowIcon = icon(
  <>
    <rect x="1.8" y="2.5" width="12.4" height="11" rx="1.6" />
    <path d="M1.8 9h12.4" />
  </>,
);
export const WrapIcon = icon(
  <path d="M2 3.5h12M2 8h9.2a2.3 2.3 0 0 1 0 4.6H8.4M10 10.8l-1.8 1.8L10 14.4M2 12.6h3" />,
);
export const CopyIcon = icon(
  <>
    <rect x="5.2" y="5.2" width="8.6" height="8.6" rx="1.6" />
    <path d="M10.8 5V3.6a1.4 1.4 0 0 0-1.4-1.4H3.6a1.4 1.4 0 0 0-1.4 1.4v5.8a1.4 1.4 0 0 0 1.4 1.4H5" />
  </>,
);
export const DownloadIcon = icon(<path d="M8 2v8M4.8 7.2 8 10.4l3.2-3.2M2.4 13.6h11.2" />);
export const ClearIcon = icon(
  <>
    <circle cx="8" cy="8" r="5.8" />
    <path d="m4 12 8-8" />
  </>,
);
export const CheckIcon = icon(<path d="m3 8.6 3.3 3.3L13 4.6" />);
export const CrossIcon = icon(<path d="m4 4 8 8M12 4l-8 8" />);
export const WarnIcon = icon(<path d="M8 2.2 14.6 13.4H1.4zM8 6.4v3.2M8 11.6h.01" />);
export const ClockIcon = icon(
  <>
    <circle cx="8" cy="8" r="5.8" />
    <path d="M8 4.8V8l2.2 1.6" />
  </>,
);
export const DownIcon = icon(<path d="M8 3v9.4M4.2 8.8 8 12.6l3.8-3.8" />);
export const OptionsIcon = icon(
  <path d="M2 4.5h6M12 4.5h2M2 11.5h2M8 11.5h6M8 4.5a2 2 0 1 0 4 0 2 2 0 1 0-4 0M4 11.5a2 2 0 1 0 4 0 2 2 0 1 0-4 0" />,
);
export const ResetIcon = icon(<path d="M2.6 8a5.4 5.4 0 1 0 1.7-3.9L2.6 5.7M2.6 2.4v3.3h3.3" />);
