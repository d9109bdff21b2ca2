/**
 * Runs the command line of this process on import, and ends the process with its exit code.
 *
 * @module
 */
import { strayErrors } from "../model/stray_errors.ts";
import { errorMessage } from "../words/error_message.ts";
import { main } from "./main.ts";
import { oneLine } from "../words/one_line.ts";
import { asksForHelp } from "./overview.ts";
import { endProcess, forgiveStderr, guardEnd } from "./process.ts";

guardEnd();
forgiveStderr();
const watching = asksForHelp(Deno.args) ? Promise.resolve() : strayErrors.watch((error) => {
  console.error(`error: ${oneLine(errorMessage(error))}`);
  endProcess(2);
});
// No top-level await: a model module may import the library's entry point, which waits for this
// one.
watching.then(() => main(Deno.args)).then(endProcess);
