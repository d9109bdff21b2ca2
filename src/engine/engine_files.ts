import { EngineError } from "./engine_error.ts";

/** The package of the WASM backend. */
export const WASM_PACKAGE = "npm:@tensorflow/tfjs-backend-wasm@4.22.0";

/** The files that TensorFlow.js reads from disk, one of them, and needs `--allow-read` for; it imports the rest. */
const FILES = {
  // Written out: publishing can follow no name that is put together.
  single: () =>
    import.meta.resolve(
      "npm:@tensorflow/tfjs-backend-wasm@4.22.0/dist/tfjs-backend-wasm-simd.wasm",
    ),
  threaded: () =>
    import.meta.resolve(
      "npm:@tensorflow/tfjs-backend-wasm@4.22.0/dist/tfjs-backend-wasm-threaded-simd.wasm",
    ),
};

const PACKAGE = new URL("../../", import.meta.url);

/** URL of a file of TensorFlow.js's WASM backend. */
export function engineFileUrl(file: keyof typeof FILES): URL {
  return new URL(FILES[file]());
}

/** The path of a `file:` URL. Loading `node:url` for it would take 5 ms, which `--help` need not wait for. */
export function pathOf({ pathname }: URL): string {
  // On Windows the path is /C:/..., whose first slash does not belong to it.
  return decodeURIComponent(pathname).replace(/^\/(?=[A-Za-z]:\/)/, "");
}

/** Whether this package lies on disk, where reading it takes permission. */
export const isLocal = (): boolean => PACKAGE.protocol === "file:";

/** The folder of this package: what is loaded late, and workers, read it again. */
export function packageFolder(): string {
  return isLocal() ? pathOf(PACKAGE) : PACKAGE.href;
}

/**
 * Makes sure that the backend will find its file: TensorFlow.js itself continues without its binary if it
 * cannot read it.
 *
 * @param threads How many threads the backend is to run.
 * @throws {EngineError} If it may not be read, or is not there.
 */
export async function requireEngineFiles(threads: number): Promise<void> {
  const { fileURLToPath } = await import("node:url");
  await requireFiles([fileURLToPath(engineFileUrl(threads === 1 ? "single" : "threaded"))]);
}

/**
 * Makes sure that files can be read.
 *
 * @throws {EngineError} If one may not be read, or is not there.
 */
export async function requireFiles(paths: string[]): Promise<void> {
  const denied: string[] = [];
  for (const path of paths) if (!await mayRead(path)) denied.push(path);
  if (denied.length > 0) {
    throw new EngineError(
      `The WASM engine may not read its ${denied.length === 1 ? "file" : "files"}: ` +
        `run again with --allow-read=${denied.join(",")}`,
    );
  }
  for (const path of paths) {
    if (!await isFile(path)) {
      throw new EngineError(
        `The WASM engine is not installed: the file ${path} is missing; ` +
          `install it with deno cache --reload ${WASM_PACKAGE}`,
      );
    }
  }
}

async function mayRead(path: string): Promise<boolean> {
  const descriptor = { name: "read", path } as const;
  const { state } = await Deno.permissions.query(descriptor);
  if (state !== "prompt") return state === "granted";
  // On a terminal the user is asked; elsewhere this answers "denied" at once.
  return (await Deno.permissions.request(descriptor)).state === "granted";
}

async function isFile(path: string): Promise<boolean> {
  try {
    return (await Deno.stat(path)).isFile;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}
