import type { GateResult } from "../gate/gate_result.ts";
import { renderMarkdown } from "../render/render_markdown.ts";
import { writeFailure } from "../words/failure.ts";
import { UsageError } from "./kit/flag.ts";

const VARIABLE = "GITHUB_STEP_SUMMARY";

/** Maximum size of a step summary; GitHub shows nothing of a longer one. */
const MAX_SUMMARY_BYTES = 1024 * 1024;

/**
 * Appends a gate's result to the summary of the running GitHub Actions step. Does nothing outside
 * of GitHub Actions; says so if the variable is unreadable.
 *
 * @throws {UsageError} If the file that GitHub named cannot be written.
 */
export async function appendStepSummary(result: GateResult): Promise<void> {
  const permission = { name: "env", variable: VARIABLE } as const;
  if (Deno.permissions.querySync(permission).state !== "granted") {
    console.error(`note: no step summary: --allow-env=${VARIABLE} lets it be written`);
    return;
  }
  const path = Deno.env.get(VARIABLE);
  if (path === undefined || path === "") return;
  try {
    const before = await sizeOf(path);
    const text = renderMarkdown(result, { maxBytes: MAX_SUMMARY_BYTES - before - 1 });
    await Deno.writeTextFile(path, `${before > 0 ? "\n" : ""}${text}`, { append: true });
  } catch (error) {
    throw new UsageError(`${path}: the step summary cannot be written: ${writeFailure(error)}`);
  }
}

async function sizeOf(path: string): Promise<number> {
  try {
    return (await Deno.stat(path)).size;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return 0;
    throw error;
  }
}
