import { DOCUMENTS } from "../documents/document.ts";
import { openUserFile } from "../model/files/user_file.ts";
import { type FormatName, FORMATS, type Result } from "./formats.ts";
import { TEXT_BEGINNINGS } from "../render/text_beginnings.ts";

/** What this program writes into files: a text, a document, or a format that is known again. */
export type ResultKind = "text" | keyof typeof DOCUMENTS | FormatName;

/** Of each kind but texts what it is called in a sentence, and how it begins. */
const KNOWN: ReadonlyMap<ResultKind, { words: string; beginning: RegExp }> = new Map([
  ...Object.entries(DOCUMENTS),
  ...Object.entries(FORMATS).flatMap(([name, { holds }]) =>
    typeof holds === "string" ? [] : [[name, holds] as const]
  ),
] as [ResultKind, { words: string; beginning: RegExp }][]);

/** Every kind. */
export const RESULT_KINDS: readonly ResultKind[] = ["text", ...KNOWN.keys()];

/** What a kind is called in a sentence. */
export function resultWords(kind: ResultKind): string {
  return KNOWN.get(kind)?.words ?? "a text";
}

/** What a format writes into its file of a result. */
export function kindOf(format: FormatName, result: Result): ResultKind {
  const { holds } = FORMATS[format];
  return holds === "text" ? "text" : holds === "document" ? result : format;
}

/** How much of a file is read to tell its kind. */
const BYTES = 4096;

/**
 * Which kind of result a file holds, by its beginning.
 *
 * @param path The file.
 * @returns The kind; `"empty"` if it holds nothing; `null` if it is not a result.
 */
export async function resultKind(path: string): Promise<ResultKind | "empty" | null> {
  using file = await openUserFile(path);
  const bytes = new Uint8Array(BYTES);
  const length = await file.handle.read(bytes);
  if (length === null) return "empty";
  const text = decode(bytes.subarray(0, length));
  if (text === null) return null;
  const beginning = text.trimStart().replaceAll("\r\n", "\n");
  const known = [...KNOWN].find(([, kind]) => kind.beginning.test(beginning));
  if (known !== undefined) return known[0];
  return TEXT_BEGINNINGS.some((known) => known.test(beginning)) ? "text" : null;
}

/** `null` for what is not a text. */
function decode(bytes: Uint8Array): string | null {
  try {
    // A letter at the end may be cut in two.
    const text = new TextDecoder("utf-8", { fatal: true }).decode(bytes, { stream: true });
    return text.includes("\0") ? null : text;
  } catch {
    return null;
  }
}
