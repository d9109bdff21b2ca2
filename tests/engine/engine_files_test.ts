import { assertMatch, assertRejects } from "@std/assert";
import { fileURLToPath } from "node:url";
import { EngineError } from "../../src/engine/engine.ts";
import {
  engineFileUrl,
  requireEngineFiles,
  requireFiles,
} from "../../src/engine/start/engine_files.ts";

Deno.test("requireEngineFiles() finds the files of this installation", async () => {
  await requireEngineFiles(1);
  await requireEngineFiles(2);
});

Deno.test("requireFiles() throws and says what to install when a file is not there", async () => {
  const there = fileURLToPath(engineFileUrl("single"));
  const gone = there + ".gone";
  const error = await assertRejects(() => requireFiles([there, gone]), EngineError);
  assertMatch(
    error.message,
    /not installed: the file .*\.gone is missing; install it with deno cache/,
  );
  await assertRejects(() => requireFiles([import.meta.dirname!]), EngineError, "not installed");
});
