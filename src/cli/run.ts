/**
 * Runs the command line of this process on import, and ends the process with its exit code.
 *
 * @module
 */
import { strayErrors } from "../model/user_code/stray_errors.ts";
import { errorMessage } from "../words/failure.ts";
import { main } from "./main.ts";
import { oneLine } from "../words/one_line.ts";
import { asksForHelp } from "./overview.ts";
import { endProcess, forgiveStderr, guardEnd } from "./kit/process.ts";

guardEnd();
forgiveStderr();
const watching = asksForHelp(Deno.args) ? Promise.resolve() : strayErrors.watch((error) => {
  console.error(`error: ${oneLine(errorMessage(error))}`);
  endProcess(2);
});
// No top-level await: a model module may import the library's entry point, which waits for this
// one.
watching.then(() => main(Deno.args)).then(endProcess);
