/**
 * Runs the command line of this process, as soon as it is imported.
 *
 * @module
 */
import { main } from "./main.ts";

// What ends before it has a verdict has not passed.
Deno.exitCode = 2;
main(Deno.args).then(Deno.exit);
