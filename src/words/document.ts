/** Kind of document that this program writes and recognises. */
export interface DocumentKind {
  /** Name in a sentence. */
  words: string;
  /** Version of its format; a reader rejects every other. */
  version: number;
  /** Beginning, in every version so far and after any formatter. */
  beginning: RegExp;
}

/** JSON documents. Each has a codec in this folder, in the file of its name. */
export const DOCUMENTS = {
  report: {
    words: "a JSON report",
    version: 1,
    beginning: /^\{\s*"version":\s*\d+,\s*"model":/,
  },
  gate: {
    words: "a JSON result of check",
    version: 1,
    beginning: /^\{\s*"version":\s*\d+,\s*"passed":/,
  },
  baseline: {
    words: "a baseline",
    version: 1,
    beginning: /^\{\s*"version":\s*\d+,\s*"models":/,
  },
  diff: {
    words: "a JSON comparison",
    version: 1,
    beginning: /^\{\s*"version":\s*\d+,\s*"before":/,
  },
  study: {
    words: "a study",
    version: 1,
    beginning: /^\{\s*"format":\s*"gradient-health study"/,
  },
} as const satisfies Record<string, DocumentKind>;
