import { renderOverview } from "./render_overview.ts";

/**
 * Shows what there is and ends the process, if nothing else is asked for. Whoever asks waits for the
 * answer alone: what does the work, and says what went wrong, would be loaded after it. Where stdout
 * cannot be written, that says why.
 *
 * @param args The arguments of the process.
 */
export function showOverview([name]: string[]): void {
  if (name !== "--help" && name !== "-h") return;
  const bytes = new TextEncoder().encode(renderOverview());
  try {
    if (Deno.stdout.writeSync(bytes) < bytes.length) return;
  } catch {
    return;
  }
  Deno.exit(0);
}
