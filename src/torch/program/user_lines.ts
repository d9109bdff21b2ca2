import type { SourceLine } from "./program.ts";
import { host } from "../../platform/host.ts";

/** Lines of installed packages, which the user did not write. */
const INSTALLED = /[\\/](?:site|dist)-packages[\\/]/;
const TORCH_ITSELF = /(?:^|[\\/])torch[\\/](?:nn|fx|_|utils|export|functional)/;

/** A frame of a Python stack trace, and below it the code, if Python could read the file. */
const FRAME =
  /^\s*File "([^"\n]{1,1000})", line (\d+)(?:, in [^\n]{0,1000}\n(?!\s*File ")[ \t]*([^\n]{1,1000}))?/gm;

/** Largest size of a file of code, and number of files, that are looked at. */
const MAX_BYTES = 4 * 2 ** 20;
const MAX_FILES = 500;

/** A line that applies a class, and below it the frame of that class's forward pass. */
const FUNCTION =
  /\b(_*[A-Z]\w{0,200})\.apply\([^\n]{0,1000}\n(?:[ \t]*[~^]+\n)?\s*File "[^"\n]{1,1000}", line \d+, in forward/g;

/** Returns the classes of `autograd.Function` whose forward passes a stack trace is in. */
export const functionsIn = (trace: string): string[] =>
  trace.includes(".apply(") ? [...trace.matchAll(FUNCTION)].map(([, name]) => name) : [];

interface Frame extends SourceLine {
  /** The line itself. */
  code: string | undefined;
}

/**
 * Finds the lines of the user's code in stack traces, in the files of the working directory. A
 * program that was exported on another machine has that machine's paths: the longest end of such a
 * path that is a file here counts, if it has the same code on the same line. A line that has moved
 * since the export is found by its code.
 */
export class UserLines {
  readonly #here: string;
  readonly #read: (path: string) => string | null;
  readonly #files = new Map<string, string[] | null>();
  readonly #places = new Map<string, string | null>();

  /**
   * @param here Working directory with a slash at its end; empty if it is unknown.
   * @param read Reads a file of code, `null` if there is none.
   */
  constructor(here: string, read: (path: string) => string | null = readCode) {
    this.#here = here;
    this.#read = read;
  }

  /**
   * Returns the innermost line of a stack trace that belongs to the user's own code, or else to a
   * package other than PyTorch.
   */
  find(trace: string): SourceLine | null {
    const frames = [...trace.matchAll(FRAME)].map(([, file, line, code]): Frame => ({
      file: file.replaceAll("\\", "/"),
      line: Number(line),
      code: code?.trim(),
    }));
    const found =
      frames.findLast(({ file }) => !INSTALLED.test(file) && !TORCH_ITSELF.test(file)) ??
        frames.findLast(({ file }) => !TORCH_ITSELF.test(file));
    if (found === undefined) return null;
    const isHere = this.#here !== "" && found.file.startsWith(this.#here);
    const file = isHere ? found.file.slice(this.#here.length) : this.#placeOf(found);
    return file === null
      ? { file: found.file, line: found.line }
      : { file, line: this.#lineNow(file, found) };
  }

  /** Returns the path here of a file of another machine; `null` if it is not here. */
  #placeOf(frame: Frame): string | null {
    const known = this.#places.get(frame.file);
    if (known !== undefined) return known;
    const parts = frame.file.split("/").filter((part) => part !== "");
    const ends = parts.map((_, i) => parts.slice(i).join("/"));
    const found = frame.code === undefined || parts.includes("..")
      ? undefined
      : ends.find((end) => this.#linesOf(end)?.[frame.line - 1]?.trim() === frame.code);
    this.#places.set(frame.file, found ?? null);
    return found ?? null;
  }

  /** Returns the number of the line that has the code now, of several the nearest. */
  #lineNow(file: string, { line, code }: Frame): number {
    const lines = code === undefined ? null : this.#linesOf(file);
    if (lines === null || lines[line - 1]?.trim() === code) return line;
    const places = lines.flatMap((text, i) => text.trim() === code ? [i + 1] : []);
    const distance = (place: number) => Math.abs(place - line);
    return places.toSorted((a, b) => distance(a) - distance(b)).at(0) ?? line;
  }

  #linesOf(path: string): string[] | null {
    const known = this.#files.get(path);
    if (known !== undefined) return known;
    const text = this.#files.size < MAX_FILES ? this.#read(this.#here + path) : null;
    const lines = text?.split("\n") ?? null;
    if (this.#files.size < MAX_FILES) this.#files.set(path, lines);
    return lines;
  }
}

/** Reads a file of code; never asks for a permission. */
function readCode(path: string): string | null {
  try {
    if (host.permissions.querySync({ name: "read", path }).state !== "granted") return null;
    const { isFile, size } = host.statSync(path);
    return isFile && size <= MAX_BYTES ? host.readTextFileSync(path) : null;
  } catch {
    return null;
  }
}
