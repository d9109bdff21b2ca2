import { builtin } from "../../platform/builtins.ts";
import { type ByteSource, sourceOf } from "../byte_source.ts";
import type { RemoteOpening } from "./fetch_worker.ts";
import type { Token } from "./follow_redirects.ts";
import { Mailbox } from "./mailbox.ts";
import { type OpenedFile, RangeClient } from "./range_client.ts";

/** Access to files on servers. */
export interface RemoteAccess {
  /** Token of the user. Default: none. */
  token?: Token | null;
  /** Folder that keeps the bytes for later runs. Default: none. */
  cache?: string | null;
  /** Receives notes on how files are read, one sentence each. */
  notes: Set<string>;
}

/** File on a server. */
interface RemoteSource extends Pick<OpenedFile, "commit"> {
  source: ByteSource;
}

const client = new RangeClient();
let starting: Promise<Mailbox> | null = null;
let opened = 0;

/**
 * Opens a file on a server. Its bytes are read by ranges; a small file of a server that has none is
 * read at once.
 *
 * @throws {ModelError} If it cannot be read.
 */
export async function openRemote(
  url: string,
  { token = null, cache = null, notes }: RemoteAccess,
): Promise<RemoteSource> {
  const { file, head, hosts, commit } = await client.open(url, token);
  const { size, etag, modified } = file;
  if (hosts.length > 1) notes.add(`${hosts[0]} redirects to ${hosts.at(-1)}.`);
  const changed = modified === null ? NaN : Date.parse(modified);
  const identity = {
    path: showAddress(url),
    size,
    changed: Number.isFinite(changed) ? changed : null,
    // Without either, nothing of an earlier run is used.
    state: etag ?? modified ?? crypto.randomUUID(),
  };
  if (head.length === size) {
    const bytes = new SharedArrayBuffer(size);
    new Uint8Array(bytes).set(head);
    return { source: sourceOf({ ...identity, bytes }), commit };
  }
  if (etag === null && modified === null) {
    notes.add(
      `${hosts.at(-1)} gives no ETag: of a change, only that of the size would be noticed.`,
    );
  }
  const mailbox = await (starting ??= startWorker());
  const id = opened++;
  const opening: RemoteOpening = { id, file, cache };
  mailbox.ask({ kind: "open", text: JSON.stringify(opening) });
  const source = sourceOf({ ...identity, remote: { mailbox: mailbox.buffer, id } });
  return { source: keepingEnds(source, head), commit };
}

/** Largest piece that is kept. */
const MAX_KEPT = 2 ** 17;

/**
 * Returns a source that keeps the file's first bytes and the piece read last: the end of an archive
 * is read several times.
 */
function keepingEnds(source: ByteSource, head: Uint8Array): ByteSource {
  let last = { from: 0, bytes: head };
  return {
    ...source,
    read(from, count, what) {
      const known = [{ from: 0, bytes: head }, last].find((piece) =>
        piece.from <= from && from + count <= piece.from + piece.bytes.length
      );
      if (known !== undefined) {
        return known.bytes.slice(from - known.from, from - known.from + count);
      }
      const bytes = source.read(from, count, what);
      if (count > MAX_KEPT) return bytes;
      last = { from, bytes };
      return bytes.slice();
    },
  };
}

/**
 * Reads a text on a server, such as an index; returns `null` if there is none.
 *
 * @throws {ModelError} If it cannot be read.
 */
export async function remoteText(
  url: string,
  { token = null }: RemoteAccess,
): Promise<string | null> {
  return await client.text(url, token);
}

/** Returns an address without its query, which may hold a secret. */
function showAddress(url: string): string {
  const { origin, pathname } = new URL(url);
  return `${origin}${pathname}`;
}

/**
 * Starts the thread that asks servers, once. Readers block while they wait for it, so it must have
 * read all its modules before; it ends with the process.
 */
async function startWorker(): Promise<Mailbox> {
  const mailbox = new Mailbox();
  const module = new URL("./fetch_worker.ts", import.meta.url);
  // Node's Worker does not accept an https: URL.
  const worker = new (builtin("worker_threads").Worker)(`import(${JSON.stringify(module.href)})`, {
    eval: true,
    workerData: mailbox.buffer,
  });
  await new Promise<void>((resolve, reject) => {
    worker.once("message", () => resolve());
    worker.once("error", reject);
  });
  worker.unref();
  return mailbox;
}
