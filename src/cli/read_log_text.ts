import { failure } from "../ground/words/failure.ts";
import { formatWhole } from "../ground/words/numbers.ts";
import { UsageError } from "./kit/flag.ts";
import { host } from "../platform/host.ts";

/** Size up to which a log is read: its rows take several times as much memory. */
const MAX_BYTES = 512 * 2 ** 20;
/** Length up to which a line may be that of a row. A JSON document may have a single line. */
const MAX_LINE = 2 ** 20;
/** Number of rows up to which CSV and JSON lines are read. */
const MAX_ROWS = 2_000_000;
/** Number of brackets that no log begins with, and that a parser keeps open one by one. */
const DEEP = /^[\s[{]{100}/;
const LINE_FEED = 10;

/**
 * Reads the text of a log, which may come through a pipe.
 *
 * @param path The file, or `-` for stdin.
 * @throws {UsageError} If it cannot be read, is a device, or has no end in sight.
 */
export async function readLogText(path: string): Promise<string> {
  const place = path === "-" ? "stdin" : path;
  const refuse = (found: string, expected: string): never => {
    throw new UsageError({ place, found, expected });
  };
  try {
    if (path === "-") return await textOf(host.stdin.readable, refuse);
    const { isCharDevice, isBlockDevice } = await host.stat(path);
    if (isCharDevice || isBlockDevice) refuse("a device", "a file, a pipe, or - for stdin");
    return await textOf((await host.open(path)).readable, refuse);
  } catch (error) {
    if (error instanceof UsageError) throw error;
    throw new UsageError(`${path}: ${failure(error)}`, { cause: error });
  }
}

/** Reads a stream up to its end, or to the first sign that it is another thing than a log. */
async function textOf(
  stream: ReadableStream<Uint8Array<ArrayBuffer>>,
  refuse: (found: string, expected: string) => never,
): Promise<string> {
  const decoder = new TextDecoder();
  const parts: string[] = [];
  let bytes = 0, lines = 0, line = 0;
  let isDocument: boolean | null = null;
  for await (const chunk of stream) {
    const text = decoder.decode(chunk, { stream: true });
    parts.push(text);
    bytes += chunk.length;
    lines += countOf(chunk, LINE_FEED);
    const last = chunk.lastIndexOf(LINE_FEED);
    line = last === -1 ? line + chunk.length : chunk.length - 1 - last;
    if (isDocument === null) {
      isDocument = isJsonDocument(text);
      if (isDocument && DEEP.test(text)) refuse("100 brackets in a row", "the rows of a log");
    }
    if (bytes > MAX_BYTES) refuse(`longer than ${MAX_BYTES >> 20} MB`, "a shorter log");
    if (isDocument) continue;
    if (line > MAX_LINE) {
      refuse(`a file with more than 1 MB in line ${formatWhole(lines + 1)}`, "a row in each line");
    }
    if (lines > MAX_ROWS + 1) {
      refuse(`a log of more than ${formatWhole(MAX_ROWS)} rows`, "fewer, as of every tenth step");
    }
  }
  parts.push(decoder.decode());
  return parts.join("");
}

/** Returns true if a text begins a JSON document, and not with a row of its own in the first line. */
function isJsonDocument(start: string): boolean {
  const text = start.replace(/^\uFEFF/, "").trimStart();
  if (text.startsWith("[")) return true;
  const end = text.indexOf("\n");
  return text.startsWith("{") && (end === -1 || !text.slice(0, end).trimEnd().endsWith("}"));
}

function countOf(bytes: Uint8Array, wanted: number): number {
  let count = 0;
  for (let place = bytes.indexOf(wanted); place !== -1; place = bytes.indexOf(wanted, place + 1)) {
    count++;
  }
  return count;
}
