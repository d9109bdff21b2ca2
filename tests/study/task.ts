import { dirname } from "node:path";
import { fileURLToPath as fromFileUrl } from "node:url";

/** The program, where a recipe names the published package. */
export const PROGRAM = fromFileUrl(new URL("../../mod.ts", import.meta.url));

/** Environment of a recipe: this Deno is its `deno`. */
export const TASK_ENVIRONMENT = {
  PATH: `${dirname(Deno.execPath())}:${Deno.env.get("PATH")}`,
  PROGRAM,
};

/** End of a task. */
export interface Ended {
  code: number;
  stderr: string;
}

/** Environment of a task. */
export interface TaskOptions {
  cwd: string;
  env: Record<string, string>;
  /** When it is sent SIGTERM, as by an engine that takes the machine away; by default never. */
  isDue?: () => boolean;
}

/** Runs a task to its end, or until SIGTERM ends it. */
export async function runTask(
  [command, ...args]: readonly string[],
  { cwd, env, isDue = () => false }: TaskOptions,
): Promise<Ended> {
  const child = new Deno.Command(command, {
    args,
    cwd,
    env: { ...TASK_ENVIRONMENT, ...env },
    stdin: "null",
    stdout: "null",
    stderr: "piped",
  }).spawn();
  let ended = false;
  const output = child.output().finally(() => ended = true);
  while (!ended && !isDue()) await new Promise((resolve) => setTimeout(resolve, 5));
  if (!ended) child.kill("SIGTERM");
  const { code, stderr } = await output;
  return { code, stderr: new TextDecoder().decode(stderr) };
}

/**
 * Returns true if a part has points in its journal, so that a task that ends now has something to
 * keep.
 */
export function isUnderWay(part: string): boolean {
  try {
    return Deno.statSync(`${part}.journal`).size > 0;
  } catch {
    return false;
  }
}
