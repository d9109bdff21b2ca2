import { assert } from "@std/assert";

/** The root of the checkout. */
export const ROOT = new URL("../../", import.meta.url);

/** A fenced block of code. */
export interface Fence {
  /** First word after the opening backticks: `sh`, `ts`; empty for an output. */
  language: string;
  /** True if the word `ignore` follows: the block is shown, not followed. */
  ignored: boolean;
  /** The file that its first line names, in a comment, or `null`. */
  file: string | null;
  /** Its lines, without the one that names the file. */
  text: string;
  /** The line of the document that it begins on, from 1. */
  line: number;
}

const FENCE = /^```([^\n]*)\n([^]*?)^```$/gm;
const FILE = /^(?:\/\/|#) ((?:[\w.-]+\/)*[\w-]*\.\w+)\n+/;

/** The blocks of code of a document, in their order. */
export function fences(document: string): Fence[] {
  return [...document.matchAll(FENCE)].map(({ 1: info, 2: body, index }) => {
    const [language, ...words] = info.split(" ");
    const named = FILE.exec(body);
    return {
      language,
      ignored: words.includes("ignore"),
      file: named?.[1] ?? null,
      text: named === null ? body : body.slice(named[0].length),
      line: document.slice(0, index).split("\n").length,
    };
  });
}

/** A document of the checkout. */
export function readDocument(path: string): string {
  return Deno.readTextFileSync(new URL(path, ROOT));
}

/** The documents of the checkout, by their paths, without what is generated from elsewhere. */
export function documents(): string[] {
  const walk = (folder: string): string[] =>
    [...Deno.readDirSync(new URL(folder || ".", ROOT))].flatMap(({ name, isDirectory }) => {
      if (name.startsWith(".") && name !== ".github" || SKIPPED.includes(name)) return [];
      if (isDirectory) return walk(`${folder}${name}/`);
      return name.endsWith(".md") ? [`${folder}${name}`] : [];
    });
  return walk("").toSorted();
}

const SKIPPED = ["node_modules", "coverage", "dist"];

/** A document without its blocks of code and its code in a line. */
export function prose(document: string): string {
  return document.replaceAll(FENCE, "").replaceAll(/`[^`\n]*`/g, "code");
}

/** The anchors of a document's headings, as GitHub makes them. */
export function anchors(document: string): string[] {
  const headings = document.replaceAll(FENCE, "").matchAll(/^#+ (.+)$/gm);
  return [...headings].map(([, heading]) =>
    heading.toLowerCase().replaceAll(/[^\p{L}\p{N} _-]/gu, "").replaceAll(" ", "-")
  );
}

/** Checks that the real output has all lines of one shortened by `...`, in their order. */
export function assertShortened(shown: string, real: string, place: string): void {
  const lines = real.split("\n");
  let at = 0;
  for (const line of shown.trimEnd().split("\n")) {
    if (line === "...") continue;
    const found = lines.indexOf(line, at);
    assert(found >= 0, `${place} shows a line that is not printed: ${line}\n\nPrinted:\n${real}`);
    at = found;
  }
}
