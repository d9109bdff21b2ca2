import { strayErrors } from "../model/user_code/stray_errors.ts";
import { errorMessage, oneLine } from "../words/failure.ts";
import { main } from "./main.ts";
import { helpAskedFor } from "./overview.ts";
import { endProcess, forgiveStderr, guardEnd } from "./kit/process.ts";

/** Runs the command line of this process, and ends the process with its exit code. */
export async function run(): Promise<void> {
  guardEnd();
  forgiveStderr();
  if (helpAskedFor(Deno.args) === null) {
    await strayErrors.watch((error) => {
      console.error(`error: ${oneLine(errorMessage(error))}`);
      endProcess(2);
    });
  }
  endProcess(await main(Deno.args));
}
