import { renderHistoryPage } from "../picture/history_page.ts";
import type { TrainingStep } from "../training/training_step.ts";
import type { HealthRecord } from "./health_record.ts";

/** Page around that of the history, which it loads again whenever there is news. */
const FRAME = `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<title>Training</title>
<style>html, body, iframe { margin: 0; width: 100%; height: 100%; border: 0; display: block; }</style>
<iframe src="/page" title="Training"></iframe>
<script>
  const frame = document.querySelector("iframe");
  new EventSource("/events").onmessage = () => frame.contentWindow.location.reload();
</script>
`;

/** Share of the time that drawing the page for its readers may take. */
const SHARE = 0.05;
/** Least milliseconds between two looks at steps without a finding or a full pass. */
const LEAST_PAUSE = 1000;

/** Training that a {@linkcode LivePage} shows. */
interface ShownTraining {
  history: readonly HealthRecord[];
  steps: readonly TrainingStep[];
  /** Returns the time in milliseconds. */
  now?: () => number;
}

/** Serves the page of a running training on the loopback, to this machine alone. */
export class LivePage {
  readonly #server: Deno.HttpServer<Deno.NetAddr>;
  readonly #listeners = new Set<ReadableStreamDefaultController<Uint8Array>>();

  readonly #now: () => number;
  /** Time of the latest news, and milliseconds that it took to draw the page. */
  #announced: number;
  #drawn = 0;

  /** Begins to serve, and prints the address. */
  constructor(training: ShownTraining) {
    this.#now = training.now ?? (() => performance.now());
    this.#announced = this.#now();
    this.#server = Deno.serve({
      hostname: "127.0.0.1",
      port: 0,
      onListen: ({ port }) => console.error(`healthMonitor: http://127.0.0.1:${port}`),
    }, (request) => this.#respond(request, training));
    // A training that throws ends the process all the same.
    this.#server.unref();
  }

  /** Port of the server. */
  get port(): number {
    return this.#server.addr.port;
  }

  /** Tells the open pages that there is news. */
  announce(): void {
    this.#announced = this.#now();
    for (const listener of this.#listeners) {
      listener.enqueue(new TextEncoder().encode("data: new\n\n"));
    }
  }

  /** Tells the open pages of a step without other news, as often as drawing them is cheap. */
  tick(): void {
    const pause = Math.max(LEAST_PAUSE, this.#drawn / SHARE);
    if (this.#now() - this.#announced >= pause) this.announce();
  }

  /** Ends the server; open pages keep what they show. */
  async close(): Promise<void> {
    for (const listener of this.#listeners) listener.close();
    this.#listeners.clear();
    await this.#server.shutdown();
  }

  async #respond(
    request: Request,
    { history, steps }: ShownTraining,
  ): Promise<Response> {
    // Another site could otherwise reach the server by a name that it points to the loopback.
    const { hostname, pathname } = new URL(request.url);
    if (hostname !== "127.0.0.1" && hostname !== "localhost") {
      return new Response(null, { status: 403 });
    }
    const html = { "content-type": "text/html; charset=utf-8", "cache-control": "no-store" };
    if (pathname === "/") return new Response(FRAME, { headers: html });
    if (pathname === "/page") {
      const started = this.#now();
      const page = await renderHistoryPage(history, { steps });
      this.#drawn = this.#now() - started;
      return new Response(page, { headers: html });
    }
    if (pathname !== "/events") return new Response(null, { status: 404 });
    let own: ReadableStreamDefaultController<Uint8Array>;
    const stream = new ReadableStream<Uint8Array>({
      start: (controller) => {
        own = controller;
        this.#listeners.add(controller);
      },
      cancel: () => void this.#listeners.delete(own),
    });
    const headers = { "content-type": "text/event-stream", "cache-control": "no-store" };
    return new Response(stream, { headers });
  }
}
