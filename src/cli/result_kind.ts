import { DOCUMENTS } from "../documents/document.ts";
import { openUserFile } from "../model/files/user_file.ts";
import { type FormatName, FORMATS, type Result } from "./formats.ts";
import { TEXT_BEGINNINGS } from "../render/text_beginnings.ts";

/**
 * Kind of file that this program writes: a text, a document, or a format that can be recognised.
 */
export type ResultKind = "text" | keyof typeof DOCUMENTS | FormatName;

/** Name in a sentence and beginning of each kind except texts. */
const KNOWN: ReadonlyMap<ResultKind, { words: string; beginning: RegExp }> = new Map([
  ...Object.entries(DOCUMENTS),
  ...Object.entries(FORMATS).flatMap(([name, { holds }]) =>
    typeof holds === "string" ? [] : [[name, holds] as const]
  ),
] as [ResultKind, { words: string; beginning: RegExp }][]);

/** All kinds. */
export const RESULT_KINDS: readonly ResultKind[] = ["text", ...KNOWN.keys()];

/** Returns the name of a kind in a sentence. */
export function resultWords(kind: ResultKind): string {
  return KNOWN.get(kind)?.words ?? "a text";
}

/** Returns the kind of file that a format writes for a result. */
export function kindOf(format: FormatName, result: Result): ResultKind {
  const { holds } = FORMATS[format];
  return holds === "text" ? "text" : holds === "document" ? result : format;
}

/** Number of bytes read to recognise the kind of a file. */
const BYTES = 4096;

/**
 * Returns the kind of result in a file, by its beginning.
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

/** Decodes bytes; `null` if they are not text. */
function decode(bytes: Uint8Array): string | null {
  try {
    // The last character may be cut in two.
    const text = new TextDecoder("utf-8", { fatal: true }).decode(bytes, { stream: true });
    return text.includes("\0") ? null : text;
  } catch {
    return null;
  }
}
