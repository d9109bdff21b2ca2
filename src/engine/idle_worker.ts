/** Message of Emscripten's thread pool to a worker. */
interface PoolMessage {
  cmd?: string;
}

/**
 * Worker passed to Emscripten's thread pool instead of `Worker`. The threaded build starts eight
 * workers, which takes a third of a second, and waits for them, though its ops are set to compute
 * in one thread. This worker reports that it has loaded, and the pool never asks for anything else.
 * The threads that share our work are those of the native module (`native/start_helpers.ts`).
 */
export class IdleWorker {
  /** Handler set by the pool. */
  onmessage: ((event: { data: PoolMessage }) => void) | null = null;

  /** Answers the only message that the pool waits for. */
  postMessage({ cmd }: PoolMessage): void {
    if (cmd === "load") queueMicrotask(() => this.onmessage?.({ data: { cmd: "loaded" } }));
  }

  /** Does nothing: the pool subscribes to Node workers this way, but there are no events. */
  on(): void {}

  /** Does nothing: the worker does not keep the process alive. */
  unref(): void {}

  /** Does nothing: there is no thread to end. */
  terminate(): void {}
}
