import { Worker } from "node:worker_threads";
import { fileURLToPath } from "node:url";
// @ts-types="./thread_worker_contents.d.ts"
import { wasmWorkerContents } from "@tensorflow/tfjs-backend-wasm/wasm-out/tfjs-backend-wasm-threaded-simd.worker.js";
import { engineFileUrl } from "./engine_files.ts";

/**
 * Deno defines these names on a worker's `globalThis` as accessors or read-only; TensorFlow.js's
 * worker assigns them, which throws in strict mode.
 */
const ASSIGNED = [
  "self",
  "location",
  "Worker",
  "importScripts",
  "postMessage",
  "performance",
  "require",
];

const PRELUDE = `for (const name of ${JSON.stringify(ASSIGNED)}) {
  Object.defineProperty(globalThis, name, {
    value: globalThis[name], writable: true, configurable: true, enumerable: true,
  });
}
`;

/** A message of Emscripten's thread pool to one of its workers. */
interface PoolMessage {
  cmd?: string;
  urlOrBlob?: unknown;
}

/**
 * The worker that Emscripten's thread pool gets instead of `Worker`. The pool asks for a worker at a
 * blob URL and sends it a blob of the module's source; Deno's `node:worker_threads` takes neither,
 * so this one evaluates the same source from the package and loads the module from its file.
 */
export class ThreadWorker extends Worker {
  static readonly #living = new Set<ThreadWorker>();

  /** How many have been started and have not exited. */
  static get living(): number {
    return this.#living.size;
  }

  /** Ends every worker and waits for each one's exit. */
  static async terminateAll(): Promise<void> {
    await Promise.all([...this.#living].map((worker) => worker.#exited(() => worker.terminate())));
  }

  /** Starts a worker; takes no notice of the URL that the pool passes. */
  constructor() {
    // The package keeps the source in a template literal, so that its escaped newlines, inside
    // string literals, have become real ones.
    super(PRELUDE + wasmWorkerContents.replaceAll("\n", "\\n"), { eval: true });
    ThreadWorker.#living.add(this);
    this.once("exit", () => ThreadWorker.#living.delete(this));
  }

  override postMessage(message: PoolMessage, transferList?: never[]): void {
    const load = message.cmd === "load";
    const path = load ? fileURLToPath(engineFileUrl("glue")) : undefined;
    super.postMessage(load ? { ...message, urlOrBlob: path } : message, transferList);
  }

  async #exited(end: () => unknown): Promise<void> {
    const exit = new Promise((resolve) => this.once("exit", resolve));
    end();
    await exit;
  }
}
