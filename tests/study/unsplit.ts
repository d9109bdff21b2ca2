import { assertEquals } from "@std/assert";
import { runCommand } from "../cli/run_command.ts";

/** A grid whose parts take long enough that a task can be ended before it is through. */
export const PREEMPTIBLE_GRID =
  "--scale 0.1..10:10 --activation tanh --depth 10 --width 64 --seeds 8";

/** A grid whose parts take less time than their start. */
export const SMALL_GRID = "--scale 0.1,1 --activation tanh --depth 3 --width 8 --seeds 3";

const studies = new Map<string, Promise<string>>();

/** Returns the bytes of the study that no engine has split. Each is made once. */
export function unsplit(grid: string): Promise<string> {
  const study = studies.get(grid) ?? makeStudy(grid);
  studies.set(grid, study);
  return study;
}

async function makeStudy(grid: string): Promise<string> {
  const args = ["sweep", ...grid.split(" "), "--portable", "--quiet", "--format", "json"];
  const { code, stdout, stderr } = await runCommand(args);
  assertEquals(code, 0, stderr);
  return stdout;
}
