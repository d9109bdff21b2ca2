/** Request that a server got. */
export interface Got {
  path: string;
  headers: Headers;
  /** First and last byte, if it asked for a range. */
  range: [first: number, last: number] | null;
}

/** Server on the loopback; disposing it ends it. */
export interface FileServer extends AsyncDisposable {
  /** `http://127.0.0.1:1234`. */
  origin: string;
  /** Requests so far. */
  got: Got[];
}

/** Answers in place of the file; `null` for the file. */
export type Misbehaves = (got: Got, count: number) => Response | null | Promise<Response | null>;

/** Options of {@linkcode serveFiles}. */
export interface ServeOptions {
  misbehaves?: Misbehaves;
  /** Headers of each answer. Default: an ETag. */
  headers?: Record<string, string>;
  hostname?: string;
}

/** Bytes, or the path of a file. */
export type Served = Uint8Array<ArrayBuffer> | string;

/** Serves files by ranges. */
export function serveFiles(
  files: Readonly<Record<string, Served>>,
  { misbehaves = () => null, headers = { etag: '"1"' }, hostname = "127.0.0.1" }: ServeOptions = {},
): FileServer {
  const got: Got[] = [];
  const server = Deno.serve({ hostname, port: 0, onListen() {} }, async (request) => {
    const path = decodeURIComponent(new URL(request.url).pathname);
    const asked = /^bytes=(\d+)-(\d+)$/.exec(request.headers.get("range") ?? "");
    const one: Got = {
      path,
      headers: request.headers,
      range: asked === null ? null : [Number(asked[1]), Number(asked[2])],
    };
    got.push(one);
    const other = await misbehaves(one, got.length);
    if (other !== null) return other;
    const bytes = files[path.slice(1)];
    return bytes === undefined
      ? new Response("none", { status: 404 })
      : await send(bytes, one.range, headers);
  });
  return {
    origin: `http://${hostname}:${server.addr.port}`,
    got,
    [Symbol.asyncDispose]: () => server.shutdown(),
  };
}

async function send(
  served: Served,
  range: Got["range"],
  headers: Record<string, string>,
): Promise<Response> {
  if (typeof served !== "string") return sendRange(served, range, headers);
  using file = await Deno.open(served);
  const { size } = await file.stat();
  const first = range?.[0] ?? 0, last = Math.min(range?.[1] ?? size, size - 1);
  await file.seek(first, Deno.SeekMode.Start);
  const bytes = new Uint8Array(last + 1 - first);
  for (let done = 0; done < bytes.length;) done += await file.read(bytes.subarray(done)) ?? 0;
  const told = { ...headers, "content-range": `bytes ${first}-${last}/${size}` };
  return new Response(bytes, range === null ? { headers } : { status: 206, headers: told });
}

/** Sends a range as it should be, or the whole file without one. */
export function sendRange(
  bytes: Uint8Array<ArrayBuffer>,
  range: Got["range"],
  headers: Record<string, string>,
): Response {
  if (range === null) return new Response(bytes, { headers });
  const last = Math.min(range[1], bytes.length - 1);
  return new Response(bytes.subarray(range[0], last + 1), {
    status: 206,
    headers: { ...headers, "content-range": `bytes ${range[0]}-${last}/${bytes.length}` },
  });
}

/** Returns bytes that differ from place to place. */
export function madeBytes(size: number): Uint8Array<ArrayBuffer> {
  return Uint8Array.from({ length: size }, (_, i) => (i * 2654435761) >>> 13);
}
