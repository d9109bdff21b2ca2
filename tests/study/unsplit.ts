import { assertEquals } from "@std/assert";
import { runCommand } from "../cli/run_command.ts";

/** A grid whose parts take long enough that a task can be ended before it is through. */
export const PREEMPTIBLE_GRID =
  "--scale 0.1..10:10 --activation tanh --depth 10 --width 64 --seeds 8";

/** A grid whose parts take less time than their start. */
export const SMALL_GRID = "--scale 0.1,1 --activation tanh --depth 3 --width 8 --seeds 3";

/** The bytes of the study that no engine has split. */
export async function unsplit(folder: string, grid: string): Promise<string> {
  const out = `${folder}/unsplit.json`;
  const { code, stderr } = await runCommand([
    "sweep",
    ...grid.split(" "),
    "--portable",
    "--quiet",
    "--out",
    out,
  ]);
  assertEquals(code, 0, stderr);
  return await Deno.readTextFile(out);
}
