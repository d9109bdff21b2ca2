import { escapeControls } from "./show_value.ts";

/** Name of this program in the marker of every result. */
const GENERATOR = "gradient-health";

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

/** Kind of document that this program writes and recognises. */
interface DocumentKind {
  /** Name in a sentence. */
  words: string;
  /** Version of its format; a reader rejects every other. */
  version: number;
  /** Beginning, in every version so far and after any formatter. */
  beginning: RegExp;
}

/** JSON documents. Each has a codec in the file of its name. */
export const DOCUMENTS = {
  report: { words: "a JSON report", version: 1, beginning: beginsWith("model") },
  part: { words: "a part of a report", version: 1, beginning: beginsWith("shard") },
  gate: { words: "a JSON result of check", version: 1, beginning: beginsWith("passed") },
  baseline: { words: "a baseline", version: 1, beginning: beginsWith("models") },
  diff: { words: "a JSON comparison", version: 1, beginning: beginsWith("before") },
  study: {
    words: "a study",
    version: 1,
    beginning: /^\s*\{\s*"format":\s*"gradient-health study"/,
  },
} as const satisfies Record<string, DocumentKind>;

/** Returns the beginning of a document whose first key after the version is `key`. */
function beginsWith(key: string): RegExp {
  return new RegExp(
    String.raw`^\s*\{\s*(?:"generator":\s*"${GENERATOR}",\s*)?"version":\s*\d+,\s*"${key}":`,
  );
}

/** Returns the kind of document that a text begins as, or `null`. */
export function documentKind(text: string): keyof typeof DOCUMENTS | null {
  const kinds = Object.keys(DOCUMENTS) as (keyof typeof DOCUMENTS)[];
  return kinds.find((kind) => DOCUMENTS[kind].beginning.test(text)) ?? null;
}

/**
 * Writes a result as a JSON document: the marker first, two spaces of indent, a newline at the end.
 */
export function writeDocument(content: object): string {
  return `${writeJson({ generator: GENERATOR, ...content }, undefined, 2)}\n`;
}

/**
 * Writes JSON without invisible characters: JSON.stringify leaves most controls above U+007F and
 * formatting characters unchanged, and a terminal obeys them. Here they become `\u202e`, and
 * commands of a CI system are escaped, too. Parsing yields the same data.
 *
 * @param replace Replacer of JSON.stringify. Default: none.
 * @param indent Spaces of indent. Default: everything on one line.
 */
export function writeJson(
  value: unknown,
  replace?: (key: string, value: unknown) => unknown,
  indent?: number,
): string {
  // Line breaks can only come from the indentation: strings contain none.
  const spell = (character: string) => character === "\n" ? character : spellUnits(character);
  return escapeControls(JSON.stringify(value, replace, indent), spell)
    .replaceAll("##[", "##\\u005b");
}

/** JSON writes a code point above U+FFFF as two surrogates. */
function spellUnits(character: string): string {
  return character.split("").map((unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`)
    .join("");
}
