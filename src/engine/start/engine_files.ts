import { EngineError } from "../engine.ts";
import { host } from "../../platform/host.ts";
import { isFileProblem } from "../../platform/file_problems.ts";
import { builtin } from "../../platform/builtins.ts";

export const WASM_PACKAGE = "npm:@tensorflow/tfjs-backend-wasm@4.22.0";

/**
 * Files that TensorFlow.js reads from disk, which needs `--allow-read`. Only one of them is read;
 * the rest is imported.
 */
const FILES = {
  // Literal specifiers, since publishing cannot follow computed ones.
  single: () =>
    import.meta.resolve(
      "npm:@tensorflow/tfjs-backend-wasm@4.22.0/dist/tfjs-backend-wasm-simd.wasm",
    ),
  threaded: () =>
    import.meta.resolve(
      "npm:@tensorflow/tfjs-backend-wasm@4.22.0/dist/tfjs-backend-wasm-threaded-simd.wasm",
    ),
};

const PACKAGE = new URL("../../../", import.meta.url);

/** Returns the URL of a file of TensorFlow.js's WASM backend. */
export function engineFileUrl(file: keyof typeof FILES): URL {
  return new URL(FILES[file]());
}

/**
 * Returns the path of a `file:` URL. Loading `node:url` for it would take 5 ms, also before
 * `--help`.
 */
export function pathOf({ pathname }: URL): string {
  // On Windows the path is /C:/...; its first slash is not part of the file path.
  return decodeURIComponent(pathname).replace(/^\/(?=[A-Za-z]:\/)/, "");
}

/** Returns true if this package is on disk, where reading it requires permission. */
export const isLocal = (): boolean => PACKAGE.protocol === "file:";

/** Returns the folder of this package, which lazy imports and workers read. */
export function packageFolder(): string {
  return isLocal() ? pathOf(PACKAGE) : PACKAGE.href;
}

/**
 * Checks that the backend will find its file: TensorFlow.js itself continues without its binary if
 * it cannot read it.
 *
 * @throws {EngineError} If reading is not permitted, or the file is missing.
 */
export async function requireEngineFiles(threads: number): Promise<void> {
  const { fileURLToPath } = builtin("url");
  await requireFiles([fileURLToPath(engineFileUrl(threads === 1 ? "single" : "threaded"))]);
}

/**
 * Checks that files can be read.
 *
 * @throws {EngineError} If reading is not permitted, or a file is missing.
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
  const { state } = await host.permissions.query(descriptor);
  if (state !== "prompt") return state === "granted";
  // Asks the user on a terminal; elsewhere, answers "denied" at once.
  return (await host.permissions.request(descriptor)).state === "granted";
}

async function isFile(path: string): Promise<boolean> {
  try {
    return (await host.stat(path)).isFile;
  } catch (error) {
    if (isFileProblem(error, "NotFound")) return false;
    throw error;
  }
}

/**
 * Module with the function (a, b, c) => f32x4.relaxed_madd(a, b, c), which only validates if the
 * runtime supports relaxed SIMD.
 */
const RELAXED_MADD = new Uint8Array([
  0x00,
  0x61,
  0x73,
  0x6d,
  0x01,
  0x00,
  0x00,
  0x00, // magic, version 1
  0x01,
  0x08,
  0x01,
  0x60,
  0x03,
  0x7b,
  0x7b,
  0x7b,
  0x01,
  0x7b, // type (v128, v128, v128) -> v128
  0x03,
  0x02,
  0x01,
  0x00, // one function of that type
  0x0a,
  0x0d,
  0x01,
  0x0b,
  0x00, // its body, without locals
  0x20,
  0x00,
  0x20,
  0x01,
  0x20,
  0x02, // local.get 0, 1, 2
  0xfd,
  0x85,
  0x02,
  0x0b, // f32x4.relaxed_madd, end
]);

let known: boolean | undefined;

/** Returns true if this runtime supports relaxed SIMD, and with it fused multiply-add. */
export function hasRelaxedSimd(): boolean {
  return known ??= WebAssembly.validate(RELAXED_MADD);
}
