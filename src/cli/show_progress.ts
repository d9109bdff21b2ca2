import type { PassProgress } from "../measure/measure_options.ts";

/** How long a pass may take before somebody waiting wants to know how far it is, in ms. */
const PATIENCE = 500;

/** How often a log, which cannot rewrite its last line, gets a new one, in ms. */
const LOG_INTERVAL = 5000;

/**
 * Shows on stderr how far a pass has come, once it takes longer than half a second: on a terminal in
 * one line that is rewritten, elsewhere in a new line now and then.
 *
 * @returns What to call with the progress, and what to call when the pass is over.
 */
export function showProgress(): { update(progress: PassProgress): void; done(): void } {
  const terminal = Deno.stderr.isTerminal();
  const started = performance.now();
  let shown = started + PATIENCE - (terminal ? 100 : LOG_INTERVAL);
  let wrote = false;
  const write = (text: string) => Deno.stderr.writeSync(new TextEncoder().encode(text));
  return {
    update({ phase, done, total }) {
      const now = performance.now();
      if (now - started < PATIENCE || now - shown < (terminal ? 100 : LOG_INTERVAL)) return;
      shown = now;
      wrote = true;
      const line = `measuring: ${phase} pass, layer ${done} of ${total}`;
      write(terminal ? `\r\x1b[K${line}` : `${line}\n`);
    },
    done() {
      if (terminal && wrote) write("\r\x1b[K");
    },
  };
}
