import { GENERATOR } from "./marker.ts";
import { writeJson } from "./write_json.ts";

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
