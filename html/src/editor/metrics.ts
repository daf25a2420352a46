/** The plain editor and Monaco share these, so that the change moves nothing. */
export const FONT_FAMILY =
  "'JetBrains Mono Variable', ui-monospace, 'SF Mono', 'Cascadia Code', Menlo, Consolas, monospace";
export const FONT_SIZE = 13.5;
export const LINE_HEIGHT = 22;
