import { DOCUMENTS } from "../documents/document.ts";

/** What this program writes into files. */
export type ResultKind = keyof typeof RESULT_WORDS;

/** What each is called in a sentence. */
export const RESULT_WORDS = {
  text: "a text",
  junit: "a JUnit report",
  sarif: "a SARIF log",
  report: DOCUMENTS.report.words,
  gate: DOCUMENTS.gate.words,
  baseline: DOCUMENTS.baseline.words,
  study: DOCUMENTS.study.words,
} as const;

/**
 * How they begin, in every version so far and after any formatter. One of another program is none: a
 * JUnit report of `deno test` is not to be replaced by that of a check.
 */
const BEGINNINGS: readonly (readonly [Exclude<ResultKind, "text">, RegExp])[] = [
  ...Object.entries(DOCUMENTS).map(([kind, { beginning }]) =>
    [kind as keyof typeof DOCUMENTS, beginning] as const
  ),
  ["junit", /^<\?xml\b[^>]*>\s*<testsuites\s+name="gradient-health"/],
  [
    "sarif",
    /^\{\s*"\$schema":[^{]*\{\s*"tool":\s*\{\s*"driver":\s*\{\s*"name":\s*"gradient-health"/,
  ],
];

/** So much of a file tells which kind it is. */
const BYTES = 1024;

/**
 * Which kind of result a file holds.
 *
 * Texts look different from version to version. So what is neither another kind, nor JSON, XML, binary
 * or the code of a module, counts as one.
 *
 * @param path The file.
 * @returns The kind; `"empty"` where it holds nothing; `null` where it is no result.
 */
export async function resultKind(path: string): Promise<ResultKind | "empty" | null> {
  using file = await Deno.open(path);
  const bytes = new Uint8Array(BYTES);
  const length = await file.read(bytes);
  if (length === null) return "empty";
  const text = decode(bytes.subarray(0, length));
  if (text === null) return null;
  const known = BEGINNINGS.find(([, beginning]) => beginning.test(text.trimStart()));
  if (known !== undefined) return known[0];
  return /^\s*[{[<]/.test(text) || /\.[cm]?[jt]sx?$/i.test(path) ? null : "text";
}

/** `null` for what is no text. */
function decode(bytes: Uint8Array): string | null {
  try {
    // A letter at the end may be cut in two.
    const text = new TextDecoder("utf-8", { fatal: true }).decode(bytes, { stream: true });
    return text.includes("\0") ? null : text;
  } catch {
    return null;
  }
}
