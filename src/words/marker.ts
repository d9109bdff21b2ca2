/** Name of this program in the marker of every result. */
export const GENERATOR = "gradient-health";

/** Last line of a text that marks its file, for formats that have no place for a field. */
export const MARKER_LINE = `generator: ${GENERATOR}\n`;

/** The same for Markdown, which does not show it. */
export const MARKER_COMMENT = `<!-- generator: ${GENERATOR} -->\n`;

/** Number of characters at the beginning of a file that contain its marker, unless it is at the end. */
export const MARKER_HEAD = 1024;

/** Markers at the beginning of a file, in the order JSON, SARIF, JUnit, HTML and SVG. */
const HEADS = [
  /^\s*\{\s*"generator":\s*"gradient-health"/,
  /^\s*\{\s*"\$schema":[^{]*\{\s*"tool":\s*\{\s*"driver":\s*\{\s*"name":\s*"gradient-health"/,
  /^\s*<\?xml\b[^>]*>\s*<testsuites\s+name="gradient-health"/,
  /^\s*<!doctype html>[^]{0,80}<meta name="generator" content="gradient-health">/i,
  /^\s*<svg class="gradient-health"/,
];

/** Marker at the end of a file. */
const TAIL = /(?:^|\n)(?:<!-- )?generator: gradient-health(?: -->)?\s*$/;

/**
 * Returns true if a file carries the marker of this program, so that a new result may replace it.
 *
 * @param head Its beginning, of {@linkcode MARKER_HEAD} characters or more.
 * @param tail Its end, of the longest marker or more.
 */
export function carriesMarker(head: string, tail: string): boolean {
  return HEADS.some((marker) => marker.test(head)) || TAIL.test(tail);
}
