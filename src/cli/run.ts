/**
 * Runs the command line of this process, as soon as it is imported.
 *
 * Whoever asks what there is waits for nothing but the answer: what does the work, and says what went
 * wrong, is loaded after it.
 *
 * @module
 */
import { renderOverview } from "./render_overview.ts";

if (["--help", "-h"].includes(Deno.args[0]) && writeAtOnce(renderOverview())) Deno.exit(0);
await import("./run_main.ts");

/** Writes a short text to stdout, if that can be written; if not, the rest says why. */
function writeAtOnce(text: string): boolean {
  const bytes = new TextEncoder().encode(text);
  try {
    return Deno.stdout.writeSync(bytes) === bytes.length;
  } catch {
    return false;
  }
}
