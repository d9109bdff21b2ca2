import { engineFileUrl, packageFolder, pathOf } from "../../src/engine/start/engine_files.ts";
import { runCommand } from "./run_command.ts";

/** The flags that the help of a subcommand lists under its permissions. */
export async function listedFlags(command: string): Promise<string[]> {
  const { stdout } = await runCommand([command, "--help", "all"], { permissions: [] });
  const [, section] = stdout.split("\nPERMISSIONS, INSTEAD OF -A\n");
  return section.split("\n").flatMap((line) => line.match(/^ {2}(--allow-.*)/)?.[1] ?? []);
}

export const WASM = pathOf(engineFileUrl("single"));
export const THREADED = pathOf(engineFileUrl("threaded"));

/** The first of them, with the folder of the model and the paths of this machine put in. */
export async function readFlag(command: string, folder: string): Promise<string> {
  const [flag] = await listedFlags(command);
  return flag.replace("FOLDER", folder).replace("PACKAGE", packageFolder()).replace("WASM", WASM);
}
