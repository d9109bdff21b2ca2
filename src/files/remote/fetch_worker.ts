/**
 * A worker that reads files on servers for readers on other threads, which wait for it.
 *
 * @module
 */
import { builtin } from "../../platform/builtins.ts";
import { Mailbox } from "./mailbox.ts";
import { RangeClient, type RemoteFile } from "./range_client.ts";
import { RangeCache, ReadAhead } from "./read_ahead.ts";

/** File as it is opened, with the folder that keeps its bytes, if one does. */
export interface RemoteOpening {
  id: number;
  file: RemoteFile;
  cache: string | null;
}

const { parentPort, workerData } = builtin("worker_threads");
const files = new Map<number, { file: RemoteFile; cache: RangeCache | null }>();
const client = new RangeClient();
const ahead = new ReadAhead(async ({ id, from, to }) => {
  const { file, cache } = files.get(id)!;
  const kept = await cache?.get(from, to) ?? null;
  if (kept !== null) return kept;
  const bytes = await client.read(file, from, to);
  await cache?.put(from, bytes);
  return bytes;
});

const serving = new Mailbox(workerData).serve(async (order, data) => {
  if (order.kind === "read") return await ahead.read(order.stream, order.range, data);
  if (order.kind === "expect") return ahead.expect(order.stream, order.ranges);
  const { id, file, cache }: RemoteOpening = JSON.parse(order.text);
  files.set(id, { file, cache: cache === null ? null : await RangeCache.open(cache, file) });
});
parentPort!.postMessage("ready");
await serving;
