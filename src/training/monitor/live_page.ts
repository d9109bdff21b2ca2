import { renderHistoryPage } from "../pages/history_page.ts";
import type { Lowered, TrainingStep } from "../training_step.ts";
import type { HealthRecord } from "./health_record.ts";
import { host, type LocalServer } from "../../platform/host.ts";

/** Page around that of the history, which it loads again whenever there is news. */
const FRAME = `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<title>Training</title>
<link rel="icon" href="data:,">
<style>html, body, iframe { margin: 0; width: 100%; height: 100%; border: 0; display: block; }</style>
<iframe src="/page" title="Training"></iframe>
<script>
  const frame = document.querySelector("iframe");
  const events = new EventSource("/events");
  events.onmessage = () => frame.contentWindow.location.reload();
  // The server has ended by now. Anchors lead to places in a page from a blob, but not in srcdoc.
  events.addEventListener("end", ({ data }) => {
    events.close();
    const top = frame.contentWindow.scrollY;
    frame.onload = () => frame.contentWindow.scrollTo(0, top);
    frame.src = URL.createObjectURL(new Blob([JSON.parse(data)], { type: "text/html" }));
  });
</script>
`;

/** Share of the time that drawing the page for its readers may take, of the 5 % of the monitor. */
const SHARE = 0.02;
/** Minimum number of milliseconds between two looks at steps without a finding or a full pass. */
const LEAST_PAUSE = 1000;

/** Training that a {@linkcode LivePage} shows. */
interface ShownTraining {
  history: readonly HealthRecord[];
  steps: readonly TrainingStep[];
  lowerings?: readonly Lowered[];
  /** Charges milliseconds that drawing the page took. */
  charge: (milliseconds: number) => void;
  /** Returns the time in milliseconds. */
  now?: () => number;
}

/** Serves the page of a running training on the loopback, to this machine alone. */
export class LivePage {
  readonly #server: LocalServer;
  readonly #listeners = new Set<ReadableStreamDefaultController<Uint8Array>>();

  readonly #training: ShownTraining;
  readonly #now: () => number;
  /** Time of the latest news, and milliseconds that it took to draw the page. */
  #announced: number;
  #drawn = 0;

  /** Begins to serve, and prints the address. */
  constructor(training: ShownTraining) {
    this.#training = training;
    this.#now = training.now ?? (() => performance.now());
    this.#announced = this.#now();
    this.#server = host.serve({
      hostname: "127.0.0.1",
      port: 0,
      onListen: ({ port }) => console.error(`healthMonitor: http://127.0.0.1:${port}`),
    }, (request) => this.#respond(request));
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
    this.#send("data: new\n\n");
  }

  /** Announces a step without other news to the open pages, as often as drawing is cheap. */
  tick(): void {
    const pause = Math.max(LEAST_PAUSE, this.#drawn / SHARE);
    if (this.#now() - this.#announced >= pause) this.announce();
  }

  /** Shows open pages the end, and ends the server. */
  async close(): Promise<void> {
    if (this.#listeners.size > 0) {
      this.#send(`event: end\ndata: ${JSON.stringify(await this.#draw())}\n\n`);
    }
    for (const listener of this.#listeners) listener.close();
    this.#listeners.clear();
    await this.#server.shutdown();
  }

  #send(message: string): void {
    for (const listener of this.#listeners) listener.enqueue(new TextEncoder().encode(message));
  }

  async #draw(): Promise<string> {
    const { history, steps, lowerings, charge } = this.#training;
    const started = this.#now();
    const page = await renderHistoryPage(history, { steps, lowerings });
    this.#drawn = this.#now() - started;
    charge(this.#drawn);
    return page;
  }

  async #respond(request: Request): Promise<Response> {
    // Another site could otherwise reach the server by a name that it points to the loopback.
    const { hostname, pathname } = new URL(request.url);
    if (hostname !== "127.0.0.1" && hostname !== "localhost") {
      return new Response(null, { status: 403 });
    }
    const html = { "content-type": "text/html; charset=utf-8", "cache-control": "no-store" };
    if (pathname === "/") return new Response(FRAME, { headers: html });
    if (pathname === "/page") return new Response(await this.#draw(), { headers: html });
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
