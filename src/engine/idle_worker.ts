/** A message of Emscripten's thread pool to one of its workers. */
interface PoolMessage {
  cmd?: string;
}

/**
 * The worker that Emscripten's thread pool gets instead of `Worker`. Stock: the threaded build starts eight
 * workers, which takes a third of a second, and waits for them, though its kernels are told to compute in one
 * thread. Here: this one says that it has loaded, and that is all the pool ever asks of it. The threads that
 * share our work are those of our own native module (`native/start_helpers.ts`).
 */
export class IdleWorker {
  /** Set by the pool. */
  onmessage: ((event: { data: PoolMessage }) => void) | null = null;

  /** Answers the one message that the pool waits for. */
  postMessage({ cmd }: PoolMessage): void {
    if (cmd === "load") queueMicrotask(() => this.onmessage?.({ data: { cmd: "loaded" } }));
  }

  /** The pool listens to workers of Node through this; there is nothing to hear. */
  on(): void {}

  /** It keeps no process alive. */
  unref(): void {}

  /** There is nothing to end. */
  terminate(): void {}
}
